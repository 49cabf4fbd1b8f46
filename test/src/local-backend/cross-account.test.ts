import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import t, { type Test } from 'tap'
import { startLocalBackend, type Account, type LocalBackendOptions } from '#src/local-backend/server'
import { account, otherAccount, rawRequest, region, start, stoppedClock } from './backend.ts'

/** Sends a signed request in AWS's protocol, because the SDK has no commands for the newer operations. */
type Call = (operation: string, input: object) => Promise<Record<string, unknown>>

function caller (backend: { url: string }, credentials: Account, inRegion = region): Call {
  return async (operation, input) => {
    const { body } = await rawRequest(backend, { operation, body: JSON.stringify(input), credentials, inRegion })
    return body === '' ? {} : JSON.parse(body) as Record<string, unknown>
  }
}

const sharedKey = {
  accountId: otherAccount.accountId, keyId: '11111111-2222-3333-4444-555555555555', aliases: ['alias/shared'],
  allowedAccounts: [account.accountId]
}
const privateKey = { accountId: otherAccount.accountId, keyId: '66666666-7777-8888-9999-000000000000', aliases: ['alias/private'] }
const document = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const tokens = () => crypto.randomUUID()

interface World {
  backend: Awaited<ReturnType<typeof start>>
  /** Sends a call from the account of the primary secret. */
  here: Call
  /** Sends a call from the account of the replica. */
  there: Call
  primary: string
  /** Creates a replica in the other account and returns its ARN. */
  replica: (more?: object) => Promise<string>
}

const clock = stoppedClock()

async function world (t: Test, options: Partial<LocalBackendOptions> = {}): Promise<World> {
  const backend = await start(t, { now: () => clock.now, kmsKeys: [sharedKey, privateKey].map((key) => ({ ...key })), ...options })
  const here = caller(backend, account)
  const there = caller(backend, otherAccount)
  const { ARN } = await here('CreateSecret', {
    Name: 'primary', ClientRequestToken: tokens(), SecretString: 'first', Description: 'of the primary',
    Tags: [{ Key: 'tagged', Value: 'here' }]
  })
  const primary = String(ARN)
  return {
    backend, here, there, primary,
    async replica (more = {}) {
      const made = await there('CreateSecret', {
        Name: 'replica', ClientRequestToken: tokens(), CrossAccountPrimaryARN: primary, KmsKeyId: 'alias/shared', ...more
      })
      return String(made.ARN)
    }
  }
}

/** Associates the primary with a new replica, and returns the replica's ARN. */
async function associated ({ here, primary, replica }: World, more = {}): Promise<string> {
  const arn = await replica()
  await here('AssociateCrossAccountReplica', { SecretId: primary, CrossAccountReplicaARN: arn, ...more })
  return arn
}

await t.test('an account creates a replica, and the account of the primary secret starts the replication', async (t) => {
  const w = await world(t)
  const { here, there, primary } = w
  const arn = await w.replica({ Tags: [{ Key: 'tagged', Value: 'there' }] })
  t.match(await there('DescribeSecret', { SecretId: arn }), {
    Name: 'replica', KmsKeyId: 'alias/shared', CrossAccountPrimary: { PrimarySecretARN: primary, ReplicationStatus: 'Pending' }
  })
  t.match(await there('GetSecretValue', { SecretId: arn }), { __type: 'ResourceNotFoundException' })
  t.notOk('CrossAccountReplicas' in await here('DescribeSecret', { SecretId: primary }))

  clock.move(1000)
  const association = { SecretId: primary, CrossAccountReplicaARN: arn }
  const done = { ARN: primary, CrossAccountReplicaARN: arn, ReplicationStatus: 'InSync' }
  t.strictSame(await here('AssociateCrossAccountReplica', association), done)
  t.strictSame(await here('AssociateCrossAccountReplica', association), done, 'a repeated request succeeds')

  const state = { ReplicationStatus: 'InSync', StatusMessage: 'Replication succeeded' }
  const replica = await there('DescribeSecret', { SecretId: 'replica' })
  t.strictSame(replica.CrossAccountPrimary, { PrimarySecretARN: primary, ...state })
  t.match(replica, { Description: 'of the primary', Tags: [{ Key: 'tagged', Value: 'there' }] }, 'the replica keeps its own tags')
  t.notOk('PrimaryRegion' in replica || 'ReplicationStatus' in replica)
  t.ok(Number(replica.LastChangedDate) >= Number(replica.CreatedDate))
  t.strictSame((await here('DescribeSecret', { SecretId: primary })).CrossAccountReplicas, [{ ReplicaSecretARN: arn, ...state }])
  const value = await there('GetSecretValue', { SecretId: 'replica' })
  t.match(value, { ARN: arn, Name: 'replica', SecretString: 'first', VersionStages: ['AWSCURRENT'] })

  clock.move(1000)
  const changed = await here('PutSecretValue', { SecretId: primary, SecretString: 'second', ClientRequestToken: tokens() })
  t.match(await there('GetSecretValue', { SecretId: 'replica' }), { SecretString: 'second', VersionId: changed.VersionId })
  t.match(await there('GetSecretValue', { SecretId: 'replica', VersionStage: 'AWSPREVIOUS' }), { SecretString: 'first' })
})

await t.test('a replica in another account has its own tags and default policy, but changes only with its primary secret', async (t) => {
  const w = await world(t)
  const { there } = w
  const SecretId = await associated(w)
  const ResourcePolicy = document({
    Effect: 'Allow', Principal: { AWS: account.accountId }, Action: 'secretsmanager:GetSecretValue', Resource: '*'
  })
  t.match(await there('TagResource', { SecretId, Tags: [{ Key: 'a', Value: 'b' }] }), {})
  t.match(await there('UntagResource', { SecretId, TagKeys: ['a'] }), {})
  t.match(await there('PutResourcePolicy', { SecretId, ResourcePolicy }), { ARN: SecretId })
  t.match(await w.here('GetSecretValue', { SecretId }), { SecretString: 'first' })
  t.match(await there('DeleteResourcePolicy', { SecretId }), { ARN: SecretId })
  t.match(await w.here('GetSecretValue', { SecretId }), { __type: 'AccessDeniedException' })

  const ClientRequestToken = tokens()
  const changes: Record<string, object> = {
    CancelRotateSecret: {},
    DeleteSecret: { ForceDeleteWithoutRecovery: true },
    PutSecretValue: { SecretString: 'x', ClientRequestToken },
    ReplicateSecretToRegions: { AddReplicaRegions: [{ Region: 'eu-central-1' }] },
    RotateSecret: { RotationLambdaARN: 'rotate', ClientRequestToken },
    UpdateSecret: { KmsKeyId: 'alias/private', ClientRequestToken },
    UpdateSecretVersionStage: { VersionStage: 'x', MoveToVersionId: ClientRequestToken },
    AssociateCrossAccountReplica: { CrossAccountReplicaARN: w.primary }
  }
  for (const [operation, input] of Object.entries(changes)) {
    t.match(await there(operation, { SecretId, ...input }), { __type: 'InvalidParameterException', Message: /cross-account replica/ }, operation)
  }
})

await t.test('DisassociateCrossAccountReplica detaches the replica, which StopReplicationToReplica makes standalone', async (t) => {
  const w = await world(t)
  const { here, there, primary } = w
  const arn = await associated(w)
  const link = { SecretId: primary, CrossAccountReplicaARN: arn }
  t.match(await here('DeleteSecret', { SecretId: primary }), { __type: 'InvalidRequestException', Message: /DisassociateCrossAccountReplica/ })
  t.match(await here('DisassociateCrossAccountReplica', { ...link, CrossAccountReplicaARN: primary }), { __type: 'ResourceNotFoundException' })

  t.strictSame(await here('DisassociateCrossAccountReplica', link), { ARN: primary, CrossAccountReplicaARN: arn })
  t.match(await here('DisassociateCrossAccountReplica', link), { __type: 'ResourceNotFoundException' })
  t.notOk('CrossAccountReplicas' in await here('DescribeSecret', { SecretId: primary }))
  const detached = { PrimarySecretARN: primary, ReplicationStatus: 'Detached' }
  t.strictSame((await there('DescribeSecret', { SecretId: arn })).CrossAccountPrimary, detached)
  await here('PutSecretValue', { SecretId: primary, SecretString: 'second', ClientRequestToken: tokens() })
  t.match(await there('GetSecretValue', { SecretId: arn }), { SecretString: 'first' })
  t.match(await there('DeleteSecret', { SecretId: arn }), { __type: 'InvalidParameterException', Message: /StopReplicationToReplica/ })

  t.match(await here('AssociateCrossAccountReplica', link), { ReplicationStatus: 'InSync' }, 'they can be associated again')
  t.match(await there('GetSecretValue', { SecretId: arn }), { SecretString: 'second' })
  await here('DisassociateCrossAccountReplica', link)
  t.strictSame(await there('StopReplicationToReplica', { SecretId: arn }), { ARN: arn })
  t.notOk('CrossAccountPrimary' in await there('DescribeSecret', { SecretId: arn }))
  t.match(await there('PutSecretValue', { SecretId: arn, SecretString: 'own', ClientRequestToken: tokens() }), { ARN: arn })
  t.match(await here('DeleteSecret', { SecretId: primary }), { ARN: primary })
})

await t.test('if the replica\'s account stops the replication, the primary secret shows it and can have another replica', async (t) => {
  const w = await world(t)
  const { here, there, primary } = w
  const arn = await associated(w)
  t.strictSame(await there('StopReplicationToReplica', { SecretId: arn }), { ARN: arn })
  t.strictSame((await here('DescribeSecret', { SecretId: primary })).CrossAccountReplicas, [
    { ReplicaSecretARN: arn, ReplicationStatus: 'Detached' }
  ])
  await here('PutSecretValue', { SecretId: primary, SecretString: 'second', ClientRequestToken: tokens() })
  t.match(await there('GetSecretValue', { SecretId: arn }), { SecretString: 'first' })
  t.match(await there('StopReplicationToReplica', { SecretId: arn }), { __type: 'InvalidParameterException' })

  const again = await w.replica({ Name: 'again' })
  t.match(await here('AssociateCrossAccountReplica', { SecretId: primary, CrossAccountReplicaARN: again }), { ReplicationStatus: 'InSync' })
  t.match((await here('DescribeSecret', { SecretId: primary })).CrossAccountReplicas, [{ ReplicaSecretARN: again }])
  await there('StopReplicationToReplica', { SecretId: again })
  t.match(await here('DisassociateCrossAccountReplica', { SecretId: primary, CrossAccountReplicaARN: again }), { ARN: primary })
  t.notOk('CrossAccountPrimary' in await there('DescribeSecret', { SecretId: again }), 'the standalone secret is left alone')
})

await t.test('a primary secret has at most one replica in another account', async (t) => {
  const w = await world(t)
  await associated(w)
  const second = await w.replica({ Name: 'second' })
  const refused = await w.here('AssociateCrossAccountReplica', { SecretId: w.primary, CrossAccountReplicaARN: second })
  t.match(refused, { __type: 'LimitExceededException' })
  t.match(await w.there('DescribeSecret', { SecretId: second }), { CrossAccountPrimary: { ReplicationStatus: 'Pending' } })
})

await t.test('the replica\'s KMS key must be one that the primary secret\'s account may use, too', async (t) => {
  const w = await world(t)
  const { here, there, primary, backend } = w
  const forbidden = await w.replica({ Name: 'private', KmsKeyId: 'alias/private' })
  t.match(await here('AssociateCrossAccountReplica', { SecretId: primary, CrossAccountReplicaARN: forbidden }), {
    __type: 'AccessDeniedException', Message: 'Access to KMS is not allowed'
  })
  t.match(await there('DescribeSecret', { SecretId: forbidden }), { CrossAccountPrimary: { ReplicationStatus: 'Pending' } })
  t.notOk('CrossAccountReplicas' in await here('DescribeSecret', { SecretId: primary }))

  const arn = await associated(w)
  backend.setKmsKeyState(otherAccount.accountId, sharedKey.keyId, 'Disabled')
  await here('PutSecretValue', { SecretId: primary, SecretString: 'second', ClientRequestToken: tokens() })
  const failed = { ReplicationStatus: 'Failed', StatusMessage: /^Replication failed: / }
  t.match((await here('DescribeSecret', { SecretId: primary })).CrossAccountReplicas, [failed])
  t.match((await there('DescribeSecret', { SecretId: arn })).CrossAccountPrimary, failed)
  backend.setKmsKeyState(otherAccount.accountId, sharedKey.keyId, 'Enabled')
  t.match(await here('AssociateCrossAccountReplica', { SecretId: primary, CrossAccountReplicaARN: arn }), { ReplicationStatus: 'InSync' })
  t.match(await there('GetSecretValue', { SecretId: arn }), { SecretString: 'second' })
})

await t.test('CreateSecret refuses a replica that AWS would refuse', async (t) => {
  const w = await world(t)
  const replica = { Name: 'refused', ClientRequestToken: tokens(), CrossAccountPrimaryARN: w.primary, KmsKeyId: 'alias/shared' }
  const inconsistent = {
    SecretString: 'v', SecretBinary: 'dg==', Description: 'd', Type: 't', AddReplicaRegions: [{ Region: 'eu-central-1' }]
  }
  const wrong: [object, RegExp][] = [
    ...Object.entries(inconsistent).map(([member, value]): [object, RegExp] => [{ [member]: value }, new RegExp(`can't use ${member}`)]),
    [{ KmsKeyId: '' }, /customer managed KMS key/],
    [{ KmsKeyId: 'alias/aws/secretsmanager' }, /customer managed KMS key/],
    [{ CrossAccountPrimaryARN: w.primary.replace(account.accountId, otherAccount.accountId) }, /another account/],
    [{ CrossAccountPrimaryARN: w.primary.replace(region, 'us-east-1') }, /same Region/],
    [{ CrossAccountPrimaryARN: 'arn:aws:iam::123456789012:role/a' }, /must be the ARN of a secret/]
  ]
  for (const [more, message] of wrong) {
    t.match(await w.there('CreateSecret', { ...replica, ...more }), { __type: 'InvalidParameterException', Message: message })
  }
  t.match(await w.there('DescribeSecret', { SecretId: 'refused' }), { __type: 'ResourceNotFoundException' })

  const { ARN } = await w.there('CreateSecret', replica)
  t.match(await w.there('CreateSecret', replica), { ARN }, 'a repeated request changes nothing')
  for (const other of [{ CrossAccountPrimaryARN: `${w.primary}x` }, { CrossAccountPrimaryARN: undefined }]) {
    t.match(await w.there('CreateSecret', { ...replica, ...other }), { __type: 'ResourceExistsException' })
  }
})

await t.test('AssociateCrossAccountReplica refuses secrets that do not belong together', async (t) => {
  const w = await world(t)
  const { here, there, primary } = w
  const arn = await w.replica()
  const { ARN: plain } = await there('CreateSecret', { Name: 'plain', ClientRequestToken: tokens(), SecretString: 'v' })
  await there('PutResourcePolicy', {
    SecretId: plain, ResourcePolicy: document({ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' })
  })
  const wrong: [object, object][] = [
    [{ CrossAccountReplicaARN: plain }, { __type: 'InvalidRequestException' }],
    [{ CrossAccountReplicaARN: primary }, { __type: 'InvalidParameterException', Message: /another account/ }],
    [{ CrossAccountReplicaARN: arn.replace(region, 'us-east-1') }, { __type: 'InvalidParameterException', Message: /same Region/ }],
    [{ CrossAccountReplicaARN: `${arn.slice(0, -6)}xxxxxx` }, { __type: 'AccessDeniedException' }],
    [{ ReplicationRoleARN: `arn:aws:iam::${otherAccount.accountId}:role/r` }, { __type: 'InvalidParameterException', Message: /ReplicationRoleARN/ }],
    [{ ReplicaRestriction: 'Nobody' }, { __type: 'ValidationException' }],
    [{ SecretId: plain }, { __type: 'InvalidParameterException', Message: /account that owns the primary/ }]
  ]
  for (const [more, refusal] of wrong) {
    t.match(await here('AssociateCrossAccountReplica', { SecretId: primary, CrossAccountReplicaARN: arn, ...more }), refusal)
  }
  t.match(await here('DisassociateCrossAccountReplica', { SecretId: plain, CrossAccountReplicaARN: arn }), {
    __type: 'InvalidParameterException', Message: /account that owns the primary/
  })
})

await t.test('each permission that AWS documents is needed', async (t) => {
  const key = (name: string, { accountId }: Account, ...denied: string[]): Account => ({
    accountId, accessKeyId: name, secretAccessKey: `secret-of-${name}`,
    identityPolicies: [document(
      { Effect: 'Allow', Action: '*', Resource: '*' },
      ...denied.length > 0 ? [{ Effect: 'Deny', Action: denied, Resource: '*' }] : []
    )]
  })
  const needed = {
    AssociateCrossAccountReplica: [
      'secretsmanager:AssociateCrossAccountReplica', 'secretsmanager:GetSecretValue', 'secretsmanager:AcceptCrossAccountReplication', 'iam:PassRole'
    ],
    DisassociateCrossAccountReplica: ['secretsmanager:DisassociateCrossAccountReplica'],
    ListResourcePolicies: ['secretsmanager:ListResourcePolicies'],
    CreateSecret: ['secretsmanager:CreateSecret', 'secretsmanager:PutResourcePolicy'],
    StopReplicationToReplica: ['secretsmanager:StopReplicationToReplica', 'secretsmanager:DeleteResourcePolicy']
  }
  const all = Object.values(needed).flat()
  const named = (action: string, ofOther: boolean) => `${action.replace(':', '-')}${ofOther ? '-other' : ''}`
  const accounts = [
    account, otherAccount, ...all.flatMap((action) => [
      key(named(action, false), account, action), key(named(action, true), otherAccount, action)
    ])
  ]
  const w = await world(t, { accounts })
  const arn = await w.replica()
  const role = `arn:aws:iam::${account.accountId}:role/replication`
  const link = { SecretId: w.primary, CrossAccountReplicaARN: arn }
  const input: Record<string, object> = {
    AssociateCrossAccountReplica: { ...link, ReplicationRoleARN: role },
    DisassociateCrossAccountReplica: link,
    ListResourcePolicies: { SecretId: w.primary },
    CreateSecret: { Name: 'more', ClientRequestToken: tokens(), CrossAccountPrimaryARN: w.primary, KmsKeyId: 'alias/shared' },
    StopReplicationToReplica: { SecretId: arn }
  }
  for (const [operation, actions] of Object.entries(needed)) {
    const isOther = ['CreateSecret', 'StopReplicationToReplica'].includes(operation)
    for (const action of actions) {
      const by = accounts.find(({ accessKeyId }) => accessKeyId === named(action, isOther)) ?? account
      const refused = await caller(w.backend, by)(operation, input[operation] ?? {})
      t.match(refused, { __type: 'AccessDeniedException', Message: new RegExp(`not authorized to perform: ${action} on`) }, `${operation}: ${action}`)
    }
  }
  t.match(await w.here('AssociateCrossAccountReplica', input.AssociateCrossAccountReplica ?? {}), { ReplicationStatus: 'InSync' })
  t.match((await w.here('DescribeSecret', { SecretId: w.primary })).CrossAccountReplicas, [{ ReplicationRoleARN: role }])
})

await t.test('a replica in another account, or its primary secret, is never overwritten by a replica from another region', async (t) => {
  const w = await world(t)
  await associated(w)
  for (const [owner, Name] of [[account, 'primary'], [otherAccount, 'replica']] as const) {
    const virginia = caller(w.backend, owner, 'us-east-1')
    await virginia('CreateSecret', { Name, ClientRequestToken: tokens(), SecretString: 'intruder' })
    t.match(await virginia('ReplicateSecretToRegions', {
      SecretId: Name, AddReplicaRegions: [{ Region: region }], ForceOverwriteReplicaSecret: true
    }), { ReplicationStatus: [{ Status: 'Failed' }] })
  }
  t.match(await w.there('GetSecretValue', { SecretId: 'replica' }), { SecretString: 'first' })
})

await t.test('only the default resource policy can be attached or deleted', async (t) => {
  const { here, primary: SecretId } = await world(t)
  const ResourcePolicy = document({ Effect: 'Allow', Principal: { AWS: account.accountId }, Action: 'secretsmanager:*', Resource: '*' })
  t.match(await here('ListResourcePolicies', { SecretId }), { ResourcePolicies: [] })
  t.match(await here('PutResourcePolicy', { SecretId, ResourcePolicy, PolicyName: 'default' }), { PolicyName: 'default' })
  t.strictSame(await here('ListResourcePolicies', { SecretId }), { ResourcePolicies: [{ PolicyName: 'default' }] })
  t.match(await here('GetResourcePolicy', { SecretId, PolicyName: 'default' }), { PolicyName: 'default', ResourcePolicy })

  const refused = { __type: 'InvalidParameterException', Message: /default resource policy/ }
  t.match(await here('DeleteResourcePolicy', { SecretId, PolicyName: 'other' }), refused)
  t.match(await here('PutResourcePolicy', { SecretId, ResourcePolicy, PolicyName: 'other' }), refused)
  t.match(await here('GetResourcePolicy', { SecretId, PolicyName: 'other' }), { __type: 'ResourceNotFoundException' })
  t.match(await here('GetResourcePolicy', { SecretId, PolicyName: 'no/name' }), { __type: 'ValidationException' })
  t.match(await here('GetResourcePolicy', { SecretId }), { ResourcePolicy }, 'the default policy remains')
  t.match(await here('DeleteResourcePolicy', { SecretId, PolicyName: 'default' }), { PolicyName: 'default' })
  t.match(await here('ListResourcePolicies', { SecretId }), { ResourcePolicies: [] })
})

await t.test('a replica has a second policy, which is listed after the default one, and both are enforced', async (t) => {
  const w = await world(t)
  const { there } = w
  const SecretId = await associated(w)
  const ResourcePolicy = document({
    Effect: 'Deny', Principal: { AWS: `arn:aws:iam::${account.accountId}:root` }, Action: 'secretsmanager:Accept*', Resource: '*'
  })
  await there('PutResourcePolicy', { SecretId, ResourcePolicy })
  const names = [{ PolicyName: 'default' }, { PolicyName: 'CrossAccountReplication' }]
  t.strictSame(await there('ListResourcePolicies', { SecretId }), { ResourcePolicies: names })
  const first = await there('ListResourcePolicies', { SecretId, MaxResults: 1 })
  t.strictSame(first.ResourcePolicies, names.slice(0, 1))
  const second = await there('ListResourcePolicies', { SecretId, MaxResults: 1, NextToken: first.NextToken })
  t.strictSame(second, { ResourcePolicies: names.slice(1) })
  t.match(await there('ListResourcePolicies', { SecretId, NextToken: 'forged' }), { __type: 'InvalidNextTokenException' })
  t.match(await there('GetResourcePolicy', { SecretId, PolicyName: 'CrossAccountReplication' }), { ResourcePolicy: /AcceptCrossAccountReplication/ })

  const link = { SecretId: w.primary, CrossAccountReplicaARN: SecretId }
  t.match(await w.here('AssociateCrossAccountReplica', link), {
    __type: 'AccessDeniedException', Message: /explicit deny in a resource-based policy/
  })
  await there('DeleteResourcePolicy', { SecretId })
  t.match(await w.here('AssociateCrossAccountReplica', link), { ReplicationStatus: 'InSync' })
  await there('StopReplicationToReplica', { SecretId })
  t.match(await there('ListResourcePolicies', { SecretId }), { ResourcePolicies: [] })
})

await t.test('ValidateResourcePolicy judges the new default policy together with the other policies', async (t) => {
  const w = await world(t)
  const SecretId = await associated(w)
  const checks = async (Effect: string) => w.there('ValidateResourcePolicy', {
    SecretId, ResourcePolicy: document({ Effect, Principal: { AWS: otherAccount.accountId }, Action: 'secretsmanager:*', Resource: '*' })
  })
  t.match(await checks('Allow'), { PolicyValidationPassed: true })
  t.match(await checks('Deny'), { PolicyValidationPassed: false, ValidationErrors: [{ CheckName: 'Lockout' }] })
})

await t.test('the policies of a database of the earlier schema become default policies', async (t) => {
  const dataDir = t.testdir({})
  const first = await startLocalBackend({ accounts: [account], dataDir })
  const ResourcePolicy = document({ Effect: 'Allow', Principal: { AWS: account.accountId }, Action: 'secretsmanager:*', Resource: '*' })
  const { ARN: SecretId } = await caller(first, account)('CreateSecret', { Name: 'old', ClientRequestToken: tokens(), SecretString: 'v' })
  await caller(first, account)('PutResourcePolicy', { SecretId, ResourcePolicy })
  await first.close()

  const database = new DatabaseSync(join(dataDir, 'secrets.sqlite'))
  database.exec(`
    CREATE TABLE earlier (secret_id TEXT PRIMARY KEY REFERENCES secrets (id) ON DELETE CASCADE, policy TEXT NOT NULL) STRICT;
    INSERT INTO earlier SELECT secret_id, policy FROM resource_policies;
    DROP TABLE resource_policies; DROP TABLE cross_account_primaries; DROP TABLE cross_account_replicas;
    ALTER TABLE earlier RENAME TO resource_policies;
    ALTER TABLE replications DROP COLUMN settles_at;
    PRAGMA user_version = 4`)
  database.close()
  const again = await startLocalBackend({ accounts: [account], dataDir })
  t.teardown(() => again.close())
  t.match(await caller(again, account)('GetResourcePolicy', { SecretId, PolicyName: 'default' }), { ResourcePolicy })
})
