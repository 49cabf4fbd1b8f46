import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import type { Account } from '#src/local-backend/server'
import { account, region, start } from './backend.ts'

const { accountId } = account
const database: Account = { accountId, accessKeyId: 'AKIARDS', secretAccessKey: 'rds-secret-key', service: 'rds' }
const events: Account = { accountId, accessKeyId: 'AKIAEVENTS', secretAccessKey: 'events-secret-key', service: 'events' }
const backend = await start(t, { accounts: [account, database, events] })

function clientOf (credentials: Account, inRegion = region): SecretsManager {
  const client = new SecretsManager({ endpoint: backend.url, region: inRegion, credentials, maxAttempts: 1 })
  t.teardown(() => {
    client.destroy()
  })
  return client
}

const customer = clientOf(account)
const rds = clientOf(database)
const eventBridge = clientOf(events)

let names = 0

/** Creates a secret like the one that RDS creates for a database's master user. */
async function create (more = {}): Promise<{ SecretId: string, VersionId: string }> {
  const { Name = '', VersionId = '' } = await rds.createSecret({
    Name: `rds!db-${++names}`, SecretString: 'v',
    Tags: [{ Key: 'aws:rds:primaryDBInstanceArn', Value: 'arn:aws:rds:eu-west-1:123456789012:db:one' }], ...more
  })
  return { SecretId: Name, VersionId }
}

const managed = {
  name: 'InvalidRequestException', message: 'The secret is managed by another service, and you must use that service to update it.'
}
const systemTag = (key: string) => ({ name: 'InvalidParameterException', message: `You can't modify system tags. Tag key: '${key}'.` })

await t.test('a secret that an AWS service created shows that service, and can be found by it', async (t) => {
  const { SecretId } = await create()
  const Tags = [
    { Key: 'aws:rds:primaryDBInstanceArn', Value: 'arn:aws:rds:eu-west-1:123456789012:db:one' },
    { Key: 'aws:secretsmanager:owningService', Value: 'rds' }
  ]
  t.match(await customer.describeSecret({ SecretId }), { OwningService: 'rds', Tags })
  await eventBridge.createSecret({ Name: 'events!connection/one', SecretString: 'v' })
  await customer.createSecret({ Name: 'of-a-customer', SecretString: 'v' })
  t.notOk('OwningService' in await customer.describeSecret({ SecretId: 'of-a-customer' }))
  const found = async (...Values: string[]) =>
    (await customer.listSecrets({ Filters: [{ Key: 'owning-service', Values }] })).SecretList?.map(({ Name, OwningService }) => [Name, OwningService])
  t.strictSame(await found('rds'), [[SecretId, 'rds']])
  t.strictSame(await found('r', 'ev'), [[SecretId, 'rds'], ['events!connection/one', 'events']])
  t.strictSame(await found('RDS'), [])
  t.strictSame(await found('!rds'), [['events!connection/one', 'events'], ['of-a-customer', undefined]])
  const byTag = await customer.listSecrets({ Filters: [{ Key: 'tag-key', Values: ['aws:secretsmanager:owningService'] }] })
  t.equal(byTag.SecretList?.length, 2)
})

await t.test('everyone can read it, and only its service can change it', async (t) => {
  const { SecretId, VersionId } = await create()
  const changes: Record<string, (by: SecretsManager) => Promise<unknown>> = {
    put: (by) => by.putSecretValue({ SecretId, SecretString: 'w', VersionStages: ['mine'] }),
    stage: (by) => by.updateSecretVersionStage({ SecretId, VersionStage: 'mine', MoveToVersionId: VersionId }),
    update: (by) => by.updateSecret({ SecretId, Description: 'd' }),
    tag: (by) => by.tagResource({ SecretId, Tags: [{ Key: 'a', Value: 'b' }] }),
    untag: (by) => by.untagResource({ SecretId, TagKeys: ['a'] }),
    replicate: (by) => by.replicateSecretToRegions({ SecretId, AddReplicaRegions: [{ Region: 'us-east-1' }] }),
    'remove replicas': (by) => by.removeRegionsFromReplication({ SecretId, RemoveReplicaRegions: ['us-east-1'] }),
    delete: (by) => by.deleteSecret({ SecretId }),
    restore: (by) => by.restoreSecret({ SecretId }),
    'delete immediately': (by) => by.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true })
  }
  for (const [what, change] of Object.entries(changes)) {
    // A call that moves a label must name the version that has the label now.
    const from = what === 'stage' ? (await rds.getSecretValue({ SecretId, VersionStage: 'mine' })).VersionId : undefined
    const attempt = from === undefined ? change : async (by: SecretsManager) =>
      by.updateSecretVersionStage({ SecretId, VersionStage: 'mine', MoveToVersionId: VersionId, RemoveFromVersionId: from })
    await t.rejects(attempt(customer), managed, what)
    await t.rejects(attempt(eventBridge), managed, `${what} by another service`)
    await attempt(rds)
  }
  await t.rejects(customer.describeSecret({ SecretId }), { name: 'ResourceNotFoundException' })
})

await t.test('operations that customers may carry out on it', async (t) => {
  const { SecretId } = await create()
  t.match(await customer.getSecretValue({ SecretId }), { SecretString: 'v' })
  t.equal((await customer.listSecretVersionIds({ SecretId })).Versions?.length, 1)
  const ResourcePolicy = JSON.stringify({
    Version: '2012-10-17',
    Statement: { Effect: 'Allow', Principal: { AWS: accountId }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }
  })
  await customer.putResourcePolicy({ SecretId, ResourcePolicy })
  t.match(await customer.getResourcePolicy({ SecretId }), { ResourcePolicy })
  await customer.deleteResourcePolicy({ SecretId })
})

await t.test('system tags are reserved for AWS\'s services and don\'t count towards the limit', async (t) => {
  const { SecretId } = await create()
  const Tags = Array.from({ length: 50 }, (_, index) => ({ Key: `key${index}`, Value: '' }))
  await rds.tagResource({ SecretId, Tags })
  await t.rejects(rds.tagResource({ SecretId, Tags: [{ Key: 'one more', Value: '' }] }), { name: 'InvalidParameterException' })
  await rds.tagResource({ SecretId, Tags: [{ Key: 'aws:rds:another', Value: 'x' }] })
  await rds.untagResource({ SecretId, TagKeys: ['aws:rds:another'] })
  t.equal((await customer.describeSecret({ SecretId })).Tags?.length, 52)
  const owner = 'aws:secretsmanager:owningService'
  await t.rejects(rds.tagResource({ SecretId, Tags: [{ Key: owner, Value: 'events' }] }), systemTag(owner))
  await t.rejects(rds.untagResource({ SecretId, TagKeys: [owner] }), systemTag(owner))
  await t.rejects(customer.createSecret({ Name: 'mine', Tags: [{ Key: owner, Value: 'rds' }] }), systemTag(owner))
})

await t.test('a replica belongs to the service, too, and is not overwritten', async (t) => {
  const { SecretId } = await create({ AddReplicaRegions: [{ Region: 'us-east-1' }] })
  const [customerThere, rdsThere] = [clientOf(account, 'us-east-1'), clientOf(database, 'us-east-1')]
  t.match(await customerThere.describeSecret({ SecretId }), { OwningService: 'rds', PrimaryRegion: region })
  await t.rejects(customerThere.putSecretValue({ SecretId, SecretString: 'w' }), { message: /^Operation not permitted on a replica secret/ })
  await t.rejects(customerThere.stopReplicationToReplica({ SecretId }), managed)
  await rdsThere.stopReplicationToReplica({ SecretId })
  await t.rejects(customerThere.putSecretValue({ SecretId, SecretString: 'w' }), managed)

  const frankfurt = clientOf(account, 'eu-central-1')
  await frankfurt.createSecret({ Name: SecretId, SecretString: 'v' })
  const { ReplicationStatus } = await frankfurt.replicateSecretToRegions({
    SecretId, AddReplicaRegions: [{ Region: 'us-east-1' }], ForceOverwriteReplicaSecret: true
  })
  t.match(ReplicationStatus, [{ Status: 'Failed', StatusMessage: `Replication failed: Secret name ${SecretId} already exists in region us-east-1.` }])
  t.match(await customerThere.describeSecret({ SecretId }), { OwningService: 'rds' })
})
