import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { SecretsManager, type ReplicationStatusType, type SecretsManagerClientConfig } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { account, day, otherAccount, start, stoppedClock } from './backend.ts'

const keyId = '1234abcd-12ab-34cd-56ef-1234567890ab'
const clock = stoppedClock()
const backend = await start(t, {
  now: () => clock.now, kmsKeys: [{ accountId: account.accountId, keyId, aliases: ['alias/mine'] }]
})

function inRegion (region: string, credentials: SecretsManagerClientConfig['credentials'] = account, { url } = backend): SecretsManager {
  const client = new SecretsManager({ endpoint: url, region, credentials, maxAttempts: 1 })
  t.teardown(() => {
    client.destroy()
  })
  return client
}

const ireland = inRegion('eu-west-1')
const frankfurt = inRegion('eu-central-1')
const virginia = inRegion('us-east-1')

let names = 0
const newName = () => `replicated/${++names}`

async function create (more = {}): Promise<{ SecretId: string, ARN: string, VersionId: string }> {
  const { Name = '', ARN = '', VersionId = '' } = await ireland.createSecret({ Name: newName(), SecretString: 'first', ...more })
  return { SecretId: Name, ARN, VersionId }
}

const inSync = (Region: string, KmsKeyId = 'alias/aws/secretsmanager'): ReplicationStatusType =>
  ({ Region, KmsKeyId, Status: 'InSync', StatusMessage: 'Replication succeeded' })

const failed = (Region: string, StatusMessage: string, KmsKeyId = 'alias/aws/secretsmanager'): ReplicationStatusType =>
  ({ Region, KmsKeyId, Status: 'Failed', StatusMessage })

const toFrankfurt = { AddReplicaRegions: [{ Region: 'eu-central-1' }] }
const invalidRegion = { name: 'InvalidParameterException', message: 'Invalid replica region.' }
const notFound = { name: 'ResourceNotFoundException' }
const readOnly = {
  name: 'InvalidParameterException',
  message: 'Operation not permitted on a replica secret. Call must be made in primary secret\'s region.'
}

/** Returns everything that a region shows of a secret, except for region-specific fields. */
async function shown (client: SecretsManager, SecretId: string): Promise<unknown> {
  const { Name, Description, Type, LastChangedDate, Tags, VersionIdsToStages } = await client.describeSecret({ SecretId })
  const { Versions = [] } = await client.listSecretVersionIds({ SecretId, IncludeDeprecated: true })
  const values = await Promise.all(Versions.map(async ({ VersionId, CreatedDate: madeOn }) => {
    const { SecretString, VersionStages } = await client.getSecretValue({ SecretId, VersionId })
    return { VersionId, madeOn, SecretString, VersionStages }
  }))
  return { described: { Name, Description, Type, LastChangedDate, Tags, VersionIdsToStages }, values }
}

await t.test('a secret that is created with replicas, as each region shows it', async (t) => {
  const { SecretId, ARN, VersionId } = await create({
    Description: 'everywhere', Tags: [{ Key: 'b', Value: '1' }, { Key: 'a', Value: '2' }],
    AddReplicaRegions: [{ Region: 'us-east-1', KmsKeyId: 'alias/mine' }, { Region: 'eu-central-1' }]
  })
  const statuses = [inSync('eu-central-1'), inSync('us-east-1', 'alias/mine')]
  t.match(await ireland.describeSecret({ SecretId }), { PrimaryRegion: 'eu-west-1', ReplicationStatus: statuses })

  const there = await frankfurt.describeSecret({ SecretId })
  t.strictSame({ ...there, $metadata: 0 }, {
    ARN: ARN.replace('eu-west-1', 'eu-central-1'), Name: SecretId, Description: 'everywhere', PrimaryRegion: 'eu-west-1',
    Tags: [{ Key: 'b', Value: '1' }, { Key: 'a', Value: '2' }], VersionIdsToStages: { [VersionId]: ['AWSCURRENT'] },
    CreatedDate: new Date(clock.now), LastChangedDate: new Date(clock.now), $metadata: 0
  })
  t.match(await virginia.describeSecret({ SecretId }), { KmsKeyId: 'alias/mine' })
  for (const id of [SecretId, ARN.replace('eu-west-1', 'us-east-1'), ARN.replace('eu-west-1', 'us-east-1').slice(0, -7)]) {
    t.match(await virginia.getSecretValue({ SecretId: id }), { SecretString: 'first', VersionId, ARN: ARN.replace('eu-west-1', 'us-east-1') })
  }
  t.match((await virginia.listSecretVersionIds({ SecretId })).Versions, [{ KmsKeyIds: ['alias/mine'] }])
  await t.rejects(virginia.getSecretValue({ SecretId: ARN }), notFound, 'the primary secret\'s ARN does not exist in another region')
  await t.rejects(inRegion('us-east-1', otherAccount).describeSecret({ SecretId }), notFound)
  await t.rejects(inRegion('us-east-2').describeSecret({ SecretId }), notFound)
})

await t.test('the replies to requests that create replicas', async (t) => {
  const request = { Name: newName(), SecretString: 'v', ClientRequestToken: randomUUID(), ...toFrankfurt }
  const made = await ireland.createSecret(request)
  t.strictSame(made.ReplicationStatus, [inSync('eu-central-1')])
  t.strictSame({ ...await ireland.createSecret(request), $metadata: 0 }, { ...made, $metadata: 0 }, 'a repeated request')
  await t.rejects(frankfurt.createSecret(request), {
    name: 'ResourceExistsException', message: `The operation failed because the secret ${request.Name} already exists.`
  }, 'the same request in the replica\'s region')
  const plain = await create()
  t.notOk('ReplicationStatus' in await ireland.describeSecret(plain))
  t.notOk('PrimaryRegion' in await ireland.describeSecret(plain))
  const replicated = await ireland.replicateSecretToRegions({ SecretId: plain.ARN, ...toFrankfurt })
  t.strictSame({ ...replicated, $metadata: 0 }, { ARN: plain.ARN, ReplicationStatus: [inSync('eu-central-1')], $metadata: 0 })
})

await t.test('each write to the primary secret reaches its replicas', async (t) => {
  const { SecretId } = await create()
  await ireland.putSecretValue({ SecretId, SecretString: 'second', VersionStages: ['AWSPENDING', 'mine'] })
  await ireland.replicateSecretToRegions({ SecretId, ...toFrankfurt })
  const same = async (what: string) => t.strictSame(await shown(frankfurt, SecretId), await shown(ireland, SecretId), what)
  await same('when it is made, with every version')
  clock.move(1000)
  await ireland.putSecretValue({ SecretId, SecretString: 'third' })
  await same('a value')
  await ireland.putSecretValue({ SecretId, SecretString: 'fourth' })
  await same('a version without a label')
  await ireland.updateSecret({ SecretId, Description: 'described', SecretString: 'fifth' })
  await same('a description')
  await ireland.tagResource({ SecretId, Tags: [{ Key: 'a', Value: '1' }, { Key: 'b', Value: '2' }] })
  await ireland.tagResource({ SecretId, Tags: [{ Key: 'a', Value: '3' }] })
  await same('tags')
  await ireland.untagResource({ SecretId, TagKeys: ['a', 'b'] })
  t.strictSame((await frankfurt.describeSecret({ SecretId })).Tags, [])
  await same('no tags')
  const { VersionId } = await ireland.getSecretValue({ SecretId, VersionStage: 'mine' })
  await ireland.updateSecretVersionStage({ SecretId, VersionStage: 'mine', RemoveFromVersionId: VersionId })
  await same('a label taken away')
  const ResourcePolicy = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: otherAccount.accountId }, Action: 'secretsmanager:DescribeSecret', Resource: '*' }
  })
  await ireland.putResourcePolicy({ SecretId, ResourcePolicy })
  t.strictSame((await frankfurt.getResourcePolicy({ SecretId })).ResourcePolicy, ResourcePolicy, 'a policy')
  await ireland.deleteResourcePolicy({ SecretId })
  t.notOk('ResourcePolicy' in await frankfurt.getResourcePolicy({ SecretId }))
})

await t.test('versions that AWS deletes are also deleted in the replica', async (t) => {
  const { SecretId } = await create(toFrankfurt)
  for (let count = 0; count < 105; count++) await ireland.putSecretValue({ SecretId, SecretString: `value ${count}` })
  clock.move(day)
  await ireland.putSecretValue({ SecretId, SecretString: 'a day later' })
  const [here, there] = await Promise.all([ireland, frankfurt].map(async (client) => {
    const first = await client.listSecretVersionIds({ SecretId, IncludeDeprecated: true })
    const second = await client.listSecretVersionIds({ SecretId, IncludeDeprecated: true, NextToken: first.NextToken })
    return [...first.Versions ?? [], ...second.Versions ?? []].map(({ VersionId }) => VersionId)
  }))
  t.equal(here?.length, 102)
  t.strictSame(there, here)
})

await t.test('a replica is read-only', async (t) => {
  const { SecretId, VersionId } = await create(toFrankfurt)
  const ClientRequestToken = randomUUID()
  const refused: Record<string, Promise<unknown>> = {
    put: frankfurt.putSecretValue({ SecretId, SecretString: 'w' }),
    update: frankfurt.updateSecret({ SecretId, SecretString: 'w' }),
    description: frankfurt.updateSecret({ SecretId, Description: 'w', KmsKeyId: 'alias/mine' }),
    nothing: frankfurt.updateSecret({ SecretId }),
    stage: frankfurt.updateSecretVersionStage({ SecretId, VersionStage: 'mine', MoveToVersionId: VersionId }),
    tag: frankfurt.tagResource({ SecretId, Tags: [{ Key: 'a', Value: 'b' }] }),
    untag: frankfurt.untagResource({ SecretId, TagKeys: ['a'] }),
    delete: frankfurt.deleteSecret({ SecretId }),
    'delete at once': frankfurt.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true }),
    restore: frankfurt.restoreSecret({ SecretId }),
    replicate: frankfurt.replicateSecretToRegions({ SecretId, AddReplicaRegions: [{ Region: 'us-east-1' }] }),
    'remove replicas': frankfurt.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: ['us-east-1'] }),
    rotate: frankfurt.rotateSecret({ SecretId, ClientRequestToken, RotationLambdaARN: 'arn:aws:lambda:eu-central-1:123456789012:function:f' }),
    'stop rotating': frankfurt.cancelRotateSecret({ SecretId }),
    policy: frankfurt.putResourcePolicy({ SecretId, ResourcePolicy: '{"Version":"2012-10-17","Statement":[]}' }),
    'delete policy': frankfurt.deleteResourcePolicy({ SecretId })
  }
  for (const [what, call] of Object.entries(refused)) await t.rejects(call, readOnly, what)
  t.strictSame(await shown(frankfurt, SecretId), await shown(ireland, SecretId))
})

await t.test('only a replica\'s KMS key can be changed in its own region', async (t) => {
  const { SecretId } = await create(toFrankfurt)
  await frankfurt.updateSecret({ SecretId, KmsKeyId: 'alias/mine' })
  t.match(await frankfurt.describeSecret({ SecretId }), { KmsKeyId: 'alias/mine' })
  const described = await ireland.describeSecret({ SecretId })
  t.strictSame(described.ReplicationStatus, [inSync('eu-central-1', 'alias/mine')])
  t.notOk('KmsKeyId' in described)
  t.match((await frankfurt.listSecretVersionIds({ SecretId })).Versions, [{ KmsKeyIds: ['DefaultEncryptionKey', 'alias/mine'] }])
  await ireland.putSecretValue({ SecretId, SecretString: 'second' })
  t.match((await frankfurt.listSecretVersionIds({ SecretId })).Versions?.[1], { KmsKeyIds: ['alias/mine'] })
  await t.rejects(frankfurt.updateSecret({ SecretId, KmsKeyId: 'alias/nowhere' }), { name: 'InvalidParameterException' })

  await ireland.replicateSecretToRegions({ SecretId, ...toFrankfurt })
  t.match(await frankfurt.describeSecret({ SecretId }), { KmsKeyId: 'alias/mine' }, 'replicating again changes nothing')
  await ireland.replicateSecretToRegions({ SecretId, AddReplicaRegions: [{ Region: 'eu-central-1', KmsKeyId: '' }] })
  t.notOk('KmsKeyId' in await frankfurt.describeSecret({ SecretId }))
  t.match(await frankfurt.getSecretValue({ SecretId }), { SecretString: 'second' })
})

await t.test('the day of the last access is specific to each region', async (t) => {
  const { SecretId } = await create(toFrankfurt)
  await frankfurt.getSecretValue({ SecretId })
  const midnight = new Date(clock.now - clock.now % day)
  t.strictSame((await frankfurt.describeSecret({ SecretId })).LastAccessedDate, midnight)
  const described = await ireland.describeSecret({ SecretId })
  t.notOk('LastAccessedDate' in described)
  t.strictSame(described.ReplicationStatus, [{ ...inSync('eu-central-1'), LastAccessedDate: midnight }])
  await ireland.putSecretValue({ SecretId, SecretString: 'second' })
  t.strictSame((await frankfurt.describeSecret({ SecretId })).LastAccessedDate, midnight, 'an update from the primary secret does not count as a read')
})

await t.test('regions that AWS rejects', async (t) => {
  const { SecretId } = await create()
  for (const AddReplicaRegions of [
    [{ Region: 'eu-west-1' }], [{ Region: 'eu-west-9' }], [{ Region: 'us-gov-west-1' }], [{ Region: 'cn-north-1' }], [{}],
    [{ Region: 'us-east-1' }, { Region: 'eu-west-1' }], [{ Region: 'us-east-1' }, { Region: 'us-east-1', KmsKeyId: 'alias/mine' }]
  ]) {
    await t.rejects(ireland.replicateSecretToRegions({ SecretId, AddReplicaRegions }), invalidRegion)
    const Name = newName()
    await t.rejects(ireland.createSecret({ Name, SecretString: 'v', AddReplicaRegions }), invalidRegion)
    await t.rejects(ireland.describeSecret({ SecretId: Name }), notFound, 'a secret that can\'t be replicated is not created')
  }
  await t.rejects(ireland.replicateSecretToRegions({ SecretId, AddReplicaRegions: [{ Region: 'Frankfurt' }] }), { name: 'ValidationException' })
  for (const region of ['eu-west-1', 'eu-west-9']) {
    await t.rejects(ireland.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: [region] }), invalidRegion)
  }
  await t.rejects(virginia.describeSecret({ SecretId }), notFound)
  t.notOk('ReplicationStatus' in await ireland.describeSecret({ SecretId }))
  await ireland.deleteSecret({ SecretId })
  await t.rejects(ireland.replicateSecretToRegions({ SecretId, ...toFrankfurt }), { name: 'InvalidRequestException', message: /marked for deletion/ })
  await t.rejects(ireland.replicateSecretToRegions({ SecretId: 'nowhere', ...toFrankfurt }), notFound)
})

await t.test('a name that is taken in a region', async (t) => {
  const { SecretId } = await create()
  await frankfurt.createSecret({ Name: SecretId, SecretString: 'of its own' })
  const taken = failed('eu-central-1', `Replication failed: Secret name ${SecretId} already exists in region eu-central-1.`)
  const { ReplicationStatus } = await ireland.replicateSecretToRegions({
    SecretId, AddReplicaRegions: [{ Region: 'eu-central-1' }, { Region: 'us-east-1' }]
  })
  t.strictSame(ReplicationStatus, [taken, inSync('us-east-1')], 'a failure in one region does not affect the others')
  t.match(await ireland.describeSecret({ SecretId }), { PrimaryRegion: 'eu-west-1', ReplicationStatus: [taken, inSync('us-east-1')] })

  await ireland.putSecretValue({ SecretId, SecretString: 'second' })
  t.match(await frankfurt.getSecretValue({ SecretId }), { SecretString: 'of its own' }, 'a write does not retry a failed replication')
  await frankfurt.deleteSecret({ SecretId })
  t.strictSame((await ireland.replicateSecretToRegions({ SecretId, ...toFrankfurt })).ReplicationStatus?.[0], taken, 'scheduled for deletion')
  await frankfurt.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true })
  t.strictSame((await ireland.replicateSecretToRegions({ SecretId, ...toFrankfurt })).ReplicationStatus?.[0], inSync('eu-central-1'))
  t.strictSame(await shown(frankfurt, SecretId), await shown(ireland, SecretId))
})

await t.test('overwriting a secret of the same name', async (t) => {
  const { SecretId, ARN } = await create()
  const { ARN: replaced = '' } = await frankfurt.createSecret({ Name: SecretId, SecretString: 'of its own' })
  const { ReplicationStatus } = await ireland.replicateSecretToRegions({ SecretId, ...toFrankfurt, ForceOverwriteReplicaSecret: true })
  t.strictSame(ReplicationStatus, [inSync('eu-central-1')])
  t.match(await frankfurt.getSecretValue({ SecretId }), { SecretString: 'first', ARN: ARN.replace('eu-west-1', 'eu-central-1') })
  await t.rejects(frankfurt.describeSecret({ SecretId: replaced }), notFound)

  const Name = newName()
  await frankfurt.createSecret({ Name, SecretString: 'of its own' })
  const made = await ireland.createSecret({ Name, SecretString: 'v', ...toFrankfurt, ForceOverwriteReplicaSecret: true })
  t.strictSame(made.ReplicationStatus, [inSync('eu-central-1')])
  t.match(await frankfurt.getSecretValue({ SecretId: Name }), { SecretString: 'v' })
})

await t.test('a secret that others depend on is not overwritten', async (t) => {
  const { SecretId } = await create(toFrankfurt)
  await virginia.createSecret({ Name: SecretId, SecretString: 'another' })
  for (const region of ['eu-central-1', 'eu-west-1']) {
    const { ReplicationStatus = [] } = await virginia.replicateSecretToRegions({
      SecretId, AddReplicaRegions: [{ Region: region }], ForceOverwriteReplicaSecret: true
    })
    t.match(ReplicationStatus.find(({ Region }) => Region === region), { Status: 'Failed' }, region)
  }
  t.match(await frankfurt.getSecretValue({ SecretId }), { SecretString: 'first' })
})

await t.test('removing replicas, and deleting a primary secret that has some', async (t) => {
  const { SecretId, ARN } = await create({ AddReplicaRegions: ['us-west-2', 'eu-central-1', 'us-east-1'].map((Region) => ({ Region })) })
  const replicasLeft = {
    name: 'InvalidParameterException',
    message: `You can't delete secret ${ARN} that still has replica regions [eu-central-1, us-east-1, us-west-2].`
  }
  await t.rejects(ireland.deleteSecret({ SecretId }), replicasLeft)
  await t.rejects(ireland.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true }), replicasLeft)
  const removed = await ireland.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: ['us-west-2', 'eu-central-1'] })
  t.strictSame({ ...removed, $metadata: 0 }, { ARN, ReplicationStatus: [inSync('us-east-1')], $metadata: 0 })
  await t.rejects(frankfurt.describeSecret({ SecretId }), notFound, 'it is deleted immediately')
  t.strictSame((await ireland.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: ['us-west-2'] })).ReplicationStatus, [inSync('us-east-1')])
  t.match(await virginia.getSecretValue({ SecretId }), { SecretString: 'first' })
  t.strictSame((await ireland.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: ['us-east-1'] })).ReplicationStatus, [])
  const described = await ireland.describeSecret({ SecretId })
  t.notOk('ReplicationStatus' in described || 'PrimaryRegion' in described)
  await ireland.deleteSecret({ SecretId })
})

await t.test('a failed replica is removed like any other', async (t) => {
  const { SecretId } = await create()
  await frankfurt.createSecret({ Name: SecretId, SecretString: 'of its own' })
  await ireland.replicateSecretToRegions({ SecretId, ...toFrankfurt })
  await t.rejects(ireland.deleteSecret({ SecretId }), { message: /still has replica regions \[eu-central-1\]/ })
  t.strictSame((await ireland.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: ['eu-central-1'] })).ReplicationStatus, [])
  t.match(await frankfurt.getSecretValue({ SecretId }), { SecretString: 'of its own' })
})

await t.test('promoting a replica to a standalone secret', async (t) => {
  const { SecretId, ARN } = await create({ Tags: [{ Key: 'a', Value: 'b' }], ...toFrankfurt })
  const notReplica = { name: 'InvalidParameterException', message: /not a replica/ }
  await t.rejects(ireland.stopReplicationToReplica({ SecretId }), notReplica, 'the primary')
  const before = await shown(frankfurt, SecretId)
  const stopped = await frankfurt.stopReplicationToReplica({ SecretId: ARN.replace('eu-west-1', 'eu-central-1') })
  t.strictSame({ ...stopped, $metadata: 0 }, { ARN: ARN.replace('eu-west-1', 'eu-central-1'), $metadata: 0 })
  t.strictSame((await shown(frankfurt, SecretId) as { values: unknown }).values, (before as { values: unknown }).values)
  t.notOk('PrimaryRegion' in await frankfurt.describeSecret({ SecretId }))
  t.notOk('ReplicationStatus' in await ireland.describeSecret({ SecretId }))
  await t.rejects(frankfurt.stopReplicationToReplica({ SecretId }), notReplica)
  await t.rejects(frankfurt.stopReplicationToReplica({ SecretId: 'nowhere' }), notFound)

  await ireland.putSecretValue({ SecretId, SecretString: 'in Ireland' })
  await frankfurt.putSecretValue({ SecretId, SecretString: 'in Frankfurt' })
  t.match(await ireland.getSecretValue({ SecretId }), { SecretString: 'in Ireland' })
  t.match(await frankfurt.getSecretValue({ SecretId }), { SecretString: 'in Frankfurt' })
  const { ReplicationStatus } = await frankfurt.replicateSecretToRegions({ SecretId, AddReplicaRegions: [{ Region: 'us-east-1' }] })
  t.strictSame(ReplicationStatus, [inSync('us-east-1')])
  t.match(await virginia.getSecretValue({ SecretId }), { SecretString: 'in Frankfurt' })
  await ireland.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true })
  t.match(await frankfurt.getSecretValue({ SecretId }), { SecretString: 'in Frankfurt' })
})

await t.test('a secret without a value is replicated, and its first value follows', async (t) => {
  const { SecretId } = await create({ SecretString: undefined, ...toFrankfurt })
  await t.rejects(frankfurt.getSecretValue({ SecretId }), { message: /staging label: AWSCURRENT/ })
  await ireland.putSecretValue({ SecretId, SecretString: 'first' })
  t.match(await frankfurt.getSecretValue({ SecretId }), { SecretString: 'first', VersionStages: ['AWSCURRENT'] })
})

await t.test('a list shows the primary region of secrets, and can be filtered by it', async (t) => {
  const elsewhere = inRegion('ap-south-1')
  const { SecretId } = await create({ AddReplicaRegions: [{ Region: 'ap-south-1' }] })
  await elsewhere.createSecret({ Name: newName(), SecretString: 'v' })
  const found = async (client: SecretsManager, ...Values: string[]) =>
    (await client.listSecrets({ Filters: [{ Key: 'primary-region', Values }, { Key: 'name', Values: ['replicated/'] }] })).SecretList
  t.match(await found(elsewhere, 'eu-west-1'), [{ Name: SecretId, PrimaryRegion: 'eu-west-1' }])
  t.match(await found(elsewhere, 'eu-'), [{ Name: SecretId }])
  t.strictSame(await found(elsewhere, 'ap-south-1'), [])
  t.ok((await found(ireland, 'eu-west-1'))?.some(({ Name }) => Name === SecretId))
  const { SecretList = [] } = await elsewhere.listSecrets({})
  t.notOk(SecretList.some((entry) => 'ReplicationStatus' in entry))
})

await t.test('a replica whose KMS key becomes unusable is no longer updated, and its status shows that', async (t: Test) => {
  const { SecretId } = await create({ AddReplicaRegions: [{ Region: 'eu-central-1', KmsKeyId: 'alias/mine' }, { Region: 'us-east-1' }] })
  backend.setKmsKeyState(account.accountId, keyId, 'Disabled')
  await ireland.putSecretValue({ SecretId, SecretString: 'second' })
  const { ReplicationStatus } = await ireland.describeSecret({ SecretId })
  t.match(ReplicationStatus, [
    { Region: 'eu-central-1', KmsKeyId: 'alias/mine', Status: 'Failed', StatusMessage: /^Replication failed: Secrets Manager can't encrypt/ },
    inSync('us-east-1')
  ])
  t.match(await virginia.getSecretValue({ SecretId }), { SecretString: 'second' })
  backend.setKmsKeyState(account.accountId, keyId, 'Enabled')
  t.match(await frankfurt.getSecretValue({ SecretId }), { SecretString: 'first' }, 'the replica is unchanged')
  t.equal((await frankfurt.listSecretVersionIds({ SecretId, IncludeDeprecated: true })).Versions?.length, 1)
  await ireland.replicateSecretToRegions({ SecretId, ...toFrankfurt })
  t.match((await ireland.describeSecret({ SecretId })).ReplicationStatus?.[0], inSync('eu-central-1', 'alias/mine'))
  t.strictSame(await shown(frankfurt, SecretId), await shown(ireland, SecretId))
})

await t.test('a replica is never created after it was last changed', async (t) => {
  const { SecretId } = await create()
  clock.move(day)
  await ireland.replicateSecretToRegions({ SecretId, ...toFrankfurt })
  const created = new Date(clock.now)
  t.match(await frankfurt.describeSecret({ SecretId }), { CreatedDate: created, LastChangedDate: created })
  clock.move(1000)
  await ireland.putSecretValue({ SecretId, SecretString: 'second', ClientRequestToken: randomUUID() })
  t.match(await frankfurt.describeSecret({ SecretId }), { CreatedDate: created, LastChangedDate: new Date(clock.now) })
  await frankfurt.stopReplicationToReplica({ SecretId })
  t.match(await frankfurt.describeSecret({ SecretId }), { CreatedDate: created })
})

await t.test('a replica that can\'t be created leaves nothing behind', async (t) => {
  const unknown = await create({ AddReplicaRegions: [{ Region: 'eu-central-1', KmsKeyId: 'alias/nowhere' }] })
  const { ReplicationStatus } = await ireland.describeSecret(unknown)
  t.strictSame(ReplicationStatus, [failed(
    'eu-central-1',
    'Replication failed: The operation failed because of an invalid KMS key: Alias arn:aws:kms:eu-central-1:123456789012:alias/nowhere is not found.',
    'alias/nowhere'
  )])
  await t.rejects(frankfurt.describeSecret(unknown), notFound)

  const { SecretId } = await create({ KmsKeyId: 'alias/mine' })
  await frankfurt.createSecret({ Name: SecretId, SecretString: 'of its own' })
  backend.setKmsKeyState(account.accountId, keyId, 'Disabled')
  const undecipherable = await ireland.replicateSecretToRegions({ SecretId, ...toFrankfurt, ForceOverwriteReplicaSecret: true })
  backend.setKmsKeyState(account.accountId, keyId, 'Enabled')
  t.strictSame(undecipherable.ReplicationStatus, [failed(
    'eu-central-1', 'Replication failed: Secrets Manager can\'t decrypt the protected secret text using the provided KMS key.'
  )])
  t.match(await frankfurt.getSecretValue({ SecretId }), { SecretString: 'of its own' }, 'the secret to overwrite still exists')
})

await t.test('an error of the database is not a failed replication, and rolls back the whole write', async (t) => {
  const dataDir = join(t.testdir({}), 'data')
  const other = await start(t, { dataDir })
  const client = inRegion('eu-west-1', account, other)
  await client.createSecret({ Name: 'a', SecretString: 'first', Tags: [{ Key: 'k', Value: '' }], ...toFrankfurt })
  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  database.exec('CREATE TRIGGER full BEFORE INSERT ON tags BEGIN SELECT raise(ABORT, \'full\'); END')
  database.close()
  await t.rejects(client.putSecretValue({ SecretId: 'a', SecretString: 'second' }), { name: 'InternalServiceError' })
  t.match(await client.getSecretValue({ SecretId: 'a' }), { SecretString: 'first' })
  t.strictSame((await client.describeSecret({ SecretId: 'a' })).ReplicationStatus, [inSync('eu-central-1')])
})
