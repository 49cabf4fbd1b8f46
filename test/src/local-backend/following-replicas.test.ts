import { SecretsManager, SecretsManagerServiceException } from '@aws-sdk/client-secrets-manager'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { account, region } from './backend.ts'
import { functionArn, startWithRotator } from './rotator.ts'

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab'
const replicaRegion = 'eu-central-1'
const SecretId = 'followed'

/** Starts a backend with a KMS key in the replica region. Also returns a client for each of the two regions. */
async function startWithReplica (t: Test) {
  const started = await startWithRotator(t, {
    kmsKeys: [{ accountId: account.accountId, region: replicaRegion, keyId, aliases: ['alias/there'] }]
  })
  const clientIn = (inRegion: string): SecretsManager => {
    const client = new SecretsManager({ endpoint: started.backend.url, region: inRegion, credentials: account, maxAttempts: 1 })
    t.teardown(() => {
      client.destroy()
    })
    return client
  }
  return { ...started, primary: clientIn(region), replica: clientIn(replicaRegion) }
}

const AddReplicaRegions = [{ Region: replicaRegion, KmsKeyId: 'alias/there' }]

/** Returns everything that a region shows of the secret, except for region-specific fields. */
async function shown (client: SecretsManager): Promise<unknown> {
  const { Description, LastChangedDate, Tags, VersionIdsToStages, ...rotation } = await client.describeSecret({ SecretId })
  const { RotationEnabled, RotationRules, RotationLambdaARN, LastRotatedDate, NextRotationDate } = rotation
  const { Versions = [] } = await client.listSecretVersionIds({ SecretId, IncludeDeprecated: true })
  const values = await Promise.all(Versions.map(async ({ VersionId, VersionStages, CreatedDate }) =>
    ({ VersionId, VersionStages, CreatedDate, value: (await client.getSecretValue({ SecretId, VersionId })).SecretString })))
  const { ResourcePolicy } = await client.getResourcePolicy({ SecretId })
  return {
    Description, LastChangedDate, Tags, VersionIdsToStages, values, ResourcePolicy,
    RotationEnabled, RotationRules, RotationLambdaARN, LastRotatedDate, NextRotationDate
  }
}

/** Random changes. `from` and `to` select existing versions by number. The backend is expected to reject some of the changes. */
const changes = fc.array(fc.oneof(
  fc.record({ put: fc.string({ minLength: 1 }), stages: fc.subarray(['AWSCURRENT', 'AWSPENDING', 'a', 'b'], { minLength: 1 }) }),
  fc.record({ describe: fc.string() }),
  fc.record({ tag: fc.constantFrom('x', 'y', 'z'), value: fc.string({ maxLength: 9 }) }),
  fc.record({ untag: fc.constantFrom('x', 'y', 'z') }),
  fc.record({ move: fc.constantFrom('AWSCURRENT', 'AWSPENDING', 'a', 'b'), from: fc.nat(9), to: fc.option(fc.nat(9), { nil: undefined }) }),
  fc.record({ policy: fc.boolean() }),
  fc.record({ replicaKey: fc.constantFrom('Enabled' as const, 'Disabled' as const) }),
  fc.record({ replicate: fc.constant(true) }),
  fc.record({ days: fc.nat(2) })
), { minLength: 1, maxLength: 15 })

type Change = typeof changes extends fc.Arbitrary<(infer One)[]> ? One : never

const policy = JSON.stringify({
  Version: '2012-10-17', Statement: { Effect: 'Allow', Principal: { AWS: account.accountId }, Action: 'secretsmanager:*', Resource: '*' }
})

async function make (change: Change, primary: SecretsManager): Promise<unknown> {
  if ('put' in change) return primary.putSecretValue({ SecretId, SecretString: change.put, VersionStages: change.stages })
  if ('describe' in change) return primary.updateSecret({ SecretId, Description: change.describe })
  if ('tag' in change) return primary.tagResource({ SecretId, Tags: [{ Key: change.tag, Value: change.value }] })
  if ('untag' in change) return primary.untagResource({ SecretId, TagKeys: [change.untag] })
  if ('policy' in change && change.policy) return primary.putResourcePolicy({ SecretId, ResourcePolicy: policy })
  if ('policy' in change) return primary.deleteResourcePolicy({ SecretId })
  if ('replicate' in change) return primary.replicateSecretToRegions({ SecretId, AddReplicaRegions })
  if (!('move' in change)) return undefined
  const { Versions = [] } = await primary.listSecretVersionIds({ SecretId, IncludeDeprecated: true })
  const version = (index: number) => Versions[index % Versions.length]?.VersionId
  return primary.updateSecretVersionStage({
    SecretId, VersionStage: change.move, RemoveFromVersionId: version(change.from),
    ...change.to !== undefined && { MoveToVersionId: version(change.to) }
  })
}

t.test('after any changes, a replica equals its primary secret if it is in sync, or else once it is replicated again', async (t) => {
  const { backend, clock, primary, replica } = await startWithReplica(t)
  await fc.assert(fc.asyncProperty(changes, async (list) => {
    backend.setKmsKeyState(account.accountId, keyId, 'Enabled')
    await primary.createSecret({ Name: SecretId, SecretString: 'first', AddReplicaRegions })
    for (const change of list) {
      if ('days' in change) clock.move(change.days * 24 * 60 * 60 * 1000)
      if ('replicaKey' in change) backend.setKmsKeyState(account.accountId, keyId, change.replicaKey)
      await make(change, primary).catch((error: unknown) => {
        if (!(error instanceof SecretsManagerServiceException && error.$fault === 'client')) throw error
      })
    }
    backend.setKmsKeyState(account.accountId, keyId, 'Enabled')
    const { ReplicationStatus: [status] = [] } = await primary.describeSecret({ SecretId })
    if (status?.Status !== 'InSync') await primary.replicateSecretToRegions({ SecretId, AddReplicaRegions })
    t.strictSame(await shown(replica), await shown(primary), JSON.stringify(list))

    await primary.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: [replicaRegion] })
    await primary.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true })
  }), { numRuns: 40 })
})

t.test('a replica shows its primary secret\'s rotation and receives its new versions, but never rotates itself', async (t) => {
  const { backend, clock, primary, replica, rotator } = await startWithReplica(t)
  await primary.createSecret({ Name: SecretId, SecretString: 'first', AddReplicaRegions })
  const same = async (what: string) => t.strictSame(await shown(replica), await shown(primary), what)
  rotator.instead.setSecret = async () => same('while it is rotated')
  rotator.instead.createSecret = async ({ ClientRequestToken }) => {
    const labels = (await replica.describeSecret({ SecretId })).VersionIdsToStages
    t.strictSame(labels?.[ClientRequestToken], ['AWSPENDING'], 'including the version that has no value yet')
    await primary.putSecretValue({ SecretId, SecretString: 'rotated', ClientRequestToken, VersionStages: ['AWSPENDING'] })
  }
  await primary.rotateSecret({ SecretId, RotationLambdaARN: functionArn, RotationRules: { AutomaticallyAfterDays: 2 } })
  await backend.runDueRotations()
  await same('when it was rotated')
  t.match(await replica.getSecretValue({ SecretId }), { SecretString: 'rotated', VersionStages: ['AWSCURRENT'] })
  t.match(await replica.describeSecret({ SecretId }), { RotationEnabled: true, RotationLambdaARN: functionArn })

  rotator.events = []
  clock.move(3 * 24 * 60 * 60 * 1000)
  await backend.runDueRotations()
  t.equal(rotator.events.length, 4, 'the schedule rotates only the primary secret')
  await same('when the schedule has rotated it')
  rotator.instead.testSecret = async () => same('while only the function is tested')
  await primary.rotateSecret({ SecretId, RotateImmediately: false })
  await backend.runDueRotations()
  await same('when the test is over')
  await primary.cancelRotateSecret({ SecretId })
  await same('when rotation is turned off')

  await replica.stopReplicationToReplica({ SecretId })
  t.notOk('RotationEnabled' in await replica.describeSecret({ SecretId }), 'a promoted replica has its own rotation')
})
