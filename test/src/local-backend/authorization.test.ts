import {
  BatchGetSecretValueCommand, CancelRotateSecretCommand, CreateSecretCommand, DeleteResourcePolicyCommand, DeleteSecretCommand,
  DescribeSecretCommand, GetRandomPasswordCommand, GetResourcePolicyCommand, GetSecretValueCommand, ListSecretVersionIdsCommand,
  ListSecretsCommand, PutResourcePolicyCommand, PutSecretValueCommand, ReplicateSecretToRegionsCommand, RestoreSecretCommand, RotateSecretCommand,
  TagResourceCommand, UntagResourceCommand, UpdateSecretCommand, UpdateSecretVersionStageCommand, ValidateResourcePolicyCommand,
  type SecretsManagerClient
} from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import { startLocalBackend, type Account, type LocalBackendOptions } from '#src/local-backend/server'
import { account, clientOf, errorIn, otherAccount, rawRequest, region, start, stoppedClock } from './backend.ts'

type Statement = Record<string, unknown>

const everything: Statement = { Effect: 'Allow', Action: '*', Resource: '*' }

function document (statements: readonly Statement[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

/** Returns the access key of a user whose identity policy has the given statements. */
function user (name: string, statements: readonly Statement[], { accountId } = account): Account {
  return { accountId, accessKeyId: name, secretAccessKey: `secret-of-${name}`, identityPolicies: [document(statements)] }
}

const arnOf = ({ accountId, accessKeyId, identityPolicies }: Account): string =>
  identityPolicies === undefined ? `arn:aws:iam::${accountId}:root` : `arn:aws:iam::${accountId}:user/${accessKeyId}`

const key = { accountId: account.accountId, keyId: '11111111-2222-3333-4444-555555555555', allowedAccounts: [otherAccount.accountId] }
const keyArn = `arn:aws:kms:${region}:${key.accountId}:key/${key.keyId}`

interface World {
  owner: SecretsManagerClient
  by: (who: Account, inRegion?: string) => SecretsManagerClient
  make: (name: string, options?: { policy?: readonly Statement[], KmsKeyId?: string, tags?: Record<string, string> }) => Promise<string>
}

/** Starts a backend with both accounts and some users. */
async function world (t: Test, users: readonly Account[], options: Partial<LocalBackendOptions> = {}): Promise<World> {
  const backend = await start(t, { accounts: [account, otherAccount, ...users], kmsKeys: [key], ...options })
  const owner = clientOf(t, backend)
  return {
    owner,
    by: (who, inRegion) => clientOf(t, backend, who, inRegion),
    async make (Name, { policy, KmsKeyId = '', tags = {} } = {}) {
      const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }))
      const { ARN = '' } = await owner.send(new CreateSecretCommand({ Name, SecretString: `value of ${Name}`, KmsKeyId, Tags }))
      if (policy !== undefined) await owner.send(new PutResourcePolicyCommand({ SecretId: ARN, ResourcePolicy: document(policy) }))
      return ARN
    }
  }
}

const get = (client: SecretsManagerClient, SecretId: string) => client.send(new GetSecretValueCommand({ SecretId }))
const describe = (client: SecretsManagerClient, SecretId: string) => client.send(new DescribeSecretCommand({ SecretId }))

type Reason = 'identity' | 'resource' | 'identity deny' | 'resource deny'

const reasons: Record<Reason, (operation: string) => string> = {
  identity: (operation) => `because no identity-based policy allows the secretsmanager:${operation} action`,
  resource: (operation) => `because no resource-based policy allows the secretsmanager:${operation} action`,
  'identity deny': () => 'with an explicit deny in an identity-based policy',
  'resource deny': () => 'with an explicit deny in a resource-based policy'
}

/** Returns AWS's error for a denied call, with its exact message. */
function denied (who: Account, operation: string, resource: string | undefined, reason: Reason = 'identity') {
  const on = resource === undefined ? '' : ` on resource: ${resource}`
  return {
    name: 'AccessDeniedException',
    message: `User: ${arnOf(who)} is not authorized to perform: secretsmanager:${operation}${on} ${reasons[reason](operation)}`
  }
}

const notFound = { name: 'ResourceNotFoundException', message: 'Secrets Manager can\'t find the specified secret.' }

await t.test('without a policy that allows it a call is denied, whether or not the secret exists', async (t) => {
  const none = user('none', [{ ...everything, Action: 's3:*' }])
  const { by, make } = await world(t, [none])
  const client = by(none)
  const ARN = await make('app/db')
  const absent = ARN.replace('app/db', 'app/no')
  const shown: [string, string][] = [
    ['app/db', ARN], [ARN, ARN], [ARN.slice(0, -7), ARN], ['app/no', 'app/no'], [absent, absent], ['bad name', 'bad name'],
    ['arn:aws:s3:::bucket', 'arn:aws:s3:::bucket'], [ARN.replace(region, 'us-east-1'), ARN.replace(region, 'us-east-1')]
  ]
  for (const [SecretId, resource] of shown) await t.rejects(get(client, SecretId), denied(none, 'GetSecretValue', resource))
  await t.rejects(client.send(new CreateSecretCommand({ Name: 'app/new' })), denied(none, 'CreateSecret', 'app/new'))
  await t.rejects(client.send(new CreateSecretCommand({ Name: 'app/db' })), denied(none, 'CreateSecret', 'app/db'))
  await t.rejects(client.send(new ListSecretsCommand()), denied(none, 'ListSecrets', undefined))
  await t.rejects(client.send(new GetRandomPasswordCommand()), denied(none, 'GetRandomPassword', undefined))
  await t.rejects(client.send(new BatchGetSecretValueCommand({ SecretIdList: [ARN] })), denied(none, 'BatchGetSecretValue', undefined))
  const ResourcePolicy = document([{ ...everything, Principal: '*' }])
  await t.rejects(client.send(new ValidateResourcePolicyCommand({ ResourcePolicy })), denied(none, 'ValidateResourcePolicy', undefined))
})

await t.test('the error in the HTTP reply', async (t) => {
  const none = user('none', [{ ...everything, Action: 's3:*' }])
  const backend = await start(t, { accounts: [none] })
  const sent = { operation: 'GetSecretValue', credentials: none }
  t.strictSame(errorIn(t, await rawRequest(backend, { ...sent, body: '{"SecretId":"a"}' })), {
    type: 'AccessDeniedException', message: denied(none, 'GetSecretValue', 'a').message, status: 400
  })
  t.match(errorIn(t, await rawRequest(backend, { ...sent, body: '{}' })), { type: 'ValidationException' }, 'an invalid request is rejected before policies are evaluated')
  t.match(errorIn(t, await rawRequest(backend, { ...sent, operation: 'Nothing' })), { type: 'UnknownOperationException' })
})

await t.test('each operation requires the permission with its name', async (t) => {
  const id = { SecretId: 'app/db' }
  const ClientRequestToken = 'a'.repeat(32)
  const ResourcePolicy = document([{ ...everything, Principal: { AWS: account.accountId } }])
  const commands: Record<string, (client: SecretsManagerClient) => Promise<unknown>> = {
    DescribeSecret: (client) => client.send(new DescribeSecretCommand(id)),
    GetSecretValue: (client) => client.send(new GetSecretValueCommand(id)),
    ListSecretVersionIds: (client) => client.send(new ListSecretVersionIdsCommand(id)),
    GetResourcePolicy: (client) => client.send(new GetResourcePolicyCommand(id)),
    PutResourcePolicy: (client) => client.send(new PutResourcePolicyCommand({ ...id, ResourcePolicy })),
    DeleteResourcePolicy: (client) => client.send(new DeleteResourcePolicyCommand(id)),
    TagResource: (client) => client.send(new TagResourceCommand({ ...id, Tags: [{ Key: 'a', Value: 'b' }] })),
    UntagResource: (client) => client.send(new UntagResourceCommand({ ...id, TagKeys: ['a'] })),
    PutSecretValue: (client) => client.send(new PutSecretValueCommand({ ...id, SecretString: 'w', ClientRequestToken })),
    UpdateSecret: (client) => client.send(new UpdateSecretCommand({ ...id, Description: 'd' })),
    UpdateSecretVersionStage: (client) =>
      client.send(new UpdateSecretVersionStageCommand({ ...id, VersionStage: 'L', MoveToVersionId: ClientRequestToken })),
    CancelRotateSecret: (client) => client.send(new CancelRotateSecretCommand(id)),
    RotateSecret: (client) => client.send(new RotateSecretCommand(id)),
    DeleteSecret: (client) => client.send(new DeleteSecretCommand(id)),
    RestoreSecret: (client) => client.send(new RestoreSecretCommand(id)),
    CreateSecret: (client) => client.send(new CreateSecretCommand({ Name: 'app/new' })),
    ListSecrets: (client) => client.send(new ListSecretsCommand()),
    GetRandomPassword: (client) => client.send(new GetRandomPasswordCommand())
  }
  /** The errors of the operations that fail even if they are allowed. They fail because the secret has no rotation. */
  const refusedAnyway: Record<string, string> = { CancelRotateSecret: 'InvalidRequestException', RotateSecret: 'InvalidRequestException' }
  const only = (operation: string) => user(`only-${operation}`, [{ ...everything, Action: `secretsmanager:${operation}` }])
  const but = (operation: string) => user(`but-${operation}`, [{ ...everything, Action: undefined, NotAction: `secretsmanager:${operation}` }])
  const users = Object.keys(commands).flatMap((operation) => [only(operation), but(operation)])
  const { by, make } = await world(t, users)
  await make('app/db')
  for (const [operation, send] of Object.entries(commands)) {
    await t.rejects(send(by(but(operation))), { name: 'AccessDeniedException' }, operation)
    const refusal = refusedAnyway[operation]
    if (refusal === undefined) await t.resolves(send(by(only(operation))), operation)
    else await t.rejects(send(by(only(operation))), { name: refusal })
  }
})

await t.test('an identity policy restricts a user to certain resources', async (t) => {
  const ada = user('ada', [
    { ...everything, Resource: `arn:aws:secretsmanager:*:${account.accountId}:secret:\${aws:username}/*` },
    { ...everything, Action: 'secretsmanager:DescribeSecret', Resource: `arn:aws:secretsmanager:*:*:secret:shared-??????` },
    { ...everything, Resource: 'arn:aws:secretsmanager:*:*:secret:later-??????' },
    { ...everything, Effect: 'Deny', Action: 'secretsmanager:Delete*' }
  ])
  const { by, make } = await world(t, [ada])
  const client = by(ada)
  const [mine, shared, other] = [await make('ada/db'), await make('shared'), await make('eve/db')]
  t.match(await get(client, 'ada/db'), { SecretString: 'value of ada/db' })
  t.match(await get(client, mine), { ARN: mine })
  await t.rejects(get(client, other), denied(ada, 'GetSecretValue', other))
  t.match(await describe(client, 'shared'), { ARN: shared })
  await t.rejects(get(client, 'shared'), denied(ada, 'GetSecretValue', shared))
  t.match(await client.send(new CreateSecretCommand({ Name: 'ada/new' })), { Name: 'ada/new' })
  await t.rejects(client.send(new CreateSecretCommand({ Name: 'eve/new' })), denied(ada, 'CreateSecret', 'eve/new'))
  await t.rejects(get(client, 'ada/no'), notFound, 'a caller with the permission learns that the secret is missing')
  await t.rejects(describe(client, 'later'), notFound, 'even if the policy matches the random characters of the ARN')
  await t.rejects(get(client, 'eve/no'), denied(ada, 'GetSecretValue', 'eve/no'))
  await t.rejects(client.send(new DeleteSecretCommand({ SecretId: mine })), denied(ada, 'DeleteSecret', mine, 'identity deny'))
  await t.rejects(client.send(new DeleteSecretCommand({ SecretId: 'ada/no', ForceDeleteWithoutRecovery: true })),
    denied(ada, 'DeleteSecret', 'ada/no', 'identity deny'))
})

await t.test('several policies of a user, and several users of an account', async (t) => {
  const reader: Account = {
    ...user('reader', []), identityPolicies: ['DescribeSecret', 'GetSecretValue'].map((action) => document([{ ...everything, Action: `secretsmanager:${action}` }]))
  }
  const named: Account = { ...user('AKIANAMED', [everything]), arn: `arn:aws:sts::${account.accountId}:assumed-role/app/run` }
  const { by, make } = await world(t, [reader, named])
  const ARN = await make('a', { policy: [{ ...everything, Effect: 'Deny', Principal: { AWS: named.arn }, Action: 'secretsmanager:GetSecretValue' }] })
  t.match(await get(by(reader), ARN), { ARN })
  t.match(await describe(by(reader), ARN), { ARN })
  t.match(await describe(by(named), ARN), { ARN })
  await t.rejects(get(by(named), ARN), {
    message: `User: ${named.arn} is not authorized to perform: secretsmanager:GetSecretValue on resource: ${ARN} with an explicit deny in a resource-based policy`
  })
})

await t.test('within an account, a resource policy suffices to allow or deny a call', async (t) => {
  const [none, all] = [user('none', [{ ...everything, Action: 's3:*' }]), user('all', [everything])]
  const { by, make, owner } = await world(t, [none, all])
  const client = by(none)
  const read = { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: '*' }
  const secrets = {
    named: await make('named', { policy: [{ ...read, Principal: { AWS: arnOf(none) } }] }),
    everyone: await make('everyone', { policy: [{ ...read, Principal: '*' }] }),
    account: await make('account', { policy: [{ ...read, Principal: { AWS: account.accountId } }] }),
    denied: await make('denied', { policy: [{ ...read, Principal: { AWS: arnOf(none) } }, { ...read, Effect: 'Deny', Principal: '*' }] })
  }
  for (const ARN of [secrets.named, secrets.everyone]) {
    t.match(await get(client, ARN), { ARN })
    await t.rejects(describe(client, ARN), denied(none, 'DescribeSecret', ARN))
  }
  await t.rejects(get(client, secrets.account), denied(none, 'GetSecretValue', secrets.account), 'a policy for the whole account leaves the decision to identity policies')
  for (const [who, by] of [[none, client], [account, owner]] as const) {
    await t.rejects(get(by, 'denied'), denied(who, 'GetSecretValue', secrets.denied, 'resource deny'))
  }
  t.match(await get(by(all), 'account'), { ARN: secrets.account })
  await owner.send(new DeleteResourcePolicyCommand({ SecretId: 'named' }))
  await t.rejects(get(client, 'named'), denied(none, 'GetSecretValue', secrets.named), 'as soon as the policy is deleted')
})

await t.test('across accounts, both sides must allow a call', async (t) => {
  const full = user('full', [everything], otherAccount)
  const reader = user('reader', [{ ...everything, Action: ['secretsmanager:Get*', 'secretsmanager:Describe*', 'kms:Decrypt'] }], otherAccount)
  const none = user('none', [{ ...everything, Action: 's3:*' }], otherAccount)
  const refused = user('refused', [everything, { ...everything, Effect: 'Deny', Resource: `arn:aws:secretsmanager:*:${account.accountId}:*` }], otherAccount)
  const callers = [otherAccount, full, reader, none, refused]
  const { by, make } = await world(t, [full, reader, none, refused])

  const policies: Record<string, readonly Statement[] | undefined> = {
    without: undefined,
    ofOthers: [{ ...everything, Principal: { AWS: account.accountId } }],
    forAccount: [{ ...everything, Principal: { AWS: otherAccount.accountId } }],
    forRoot: [{ ...everything, Principal: { AWS: arnOf(otherAccount) } }],
    forFull: [{ ...everything, Principal: { AWS: arnOf(full) } }],
    forEveryone: [{ ...everything, Principal: '*' }],
    toDescribe: [{ ...everything, Principal: '*', Action: 'secretsmanager:DescribeSecret' }],
    butDenied: [{ ...everything, Principal: '*' }, { ...everything, Effect: 'Deny', Principal: { AWS: otherAccount.accountId } }]
  }
  const operations = {
    DescribeSecret: describe,
    GetSecretValue: get,
    ListSecretVersionIds: (client: SecretsManagerClient, SecretId: string) => client.send(new ListSecretVersionIdsCommand({ SecretId })),
    PutSecretValue: (client: SecretsManagerClient, SecretId: string) => client.send(new PutSecretValueCommand({ SecretId, SecretString: 'w' })),
    TagResource: (client: SecretsManagerClient, SecretId: string) => client.send(new TagResourceCommand({ SecretId, Tags: [{ Key: 'k', Value: 'v' }] }))
  }

  /** Returns the expected reason for denying a call, or undefined if it is allowed. Independent of the tested code. */
  function reasonOf (who: Account, policy: string, operation: string): Reason | undefined {
    if (who === refused) return 'identity deny'
    if (policy === 'butDenied') return 'resource deny'
    if (who === none || (who === reader && !/^(Get|Describe)/.test(operation))) return 'identity'
    const allowed = policy === 'forEveryone' || policy === 'forAccount' || policy === 'forRoot' ||
      (policy === 'forFull' && who === full) || (policy === 'toDescribe' && operation === 'DescribeSecret')
    return allowed ? undefined : 'resource'
  }

  for (const [policy, statements] of Object.entries(policies)) {
    const ARN = await make(policy, { KmsKeyId: keyArn, ...statements !== undefined && { policy: statements } })
    const calls = callers.flatMap((who) => Object.entries(operations).map(([operation, send]) => ({ who, operation, send })))
    for (const { who, operation, send } of calls) {
      const reason = reasonOf(who, policy, operation)
      const what = `${operation} by ${who.accessKeyId} on ${policy}`
      if (reason === undefined) await t.resolves(send(by(who), ARN), what)
      else await t.rejects(send(by(who), ARN), denied(who, operation, ARN, reason), what)
    }
  }
})

await t.test('another account\'s secret is found by its ARN within its region, but never by its name', async (t) => {
  const policy = [{ ...everything, Principal: { AWS: otherAccount.accountId } }]
  const { by, make, owner } = await world(t, [])
  const ARN = await make('app/db', { policy, KmsKeyId: keyArn })
  const other = by(otherAccount)
  for (const SecretId of [ARN, ARN.slice(0, -7)]) t.match(await get(other, SecretId), { ARN, Name: 'app/db', SecretString: 'value of app/db' })
  await t.rejects(get(other, 'app/db'), notFound)
  await t.rejects(get(by(otherAccount, 'us-east-1'), ARN), denied(otherAccount, 'GetSecretValue', ARN, 'resource'), 'signed for another region')
  for (const SecretId of [
    ARN.replace(region, 'us-east-1'), `${ARN.slice(0, -6)}AAAAAA`, ARN.replace('app/db', 'app/no'), ARN.slice(0, -7).replace('app/db', 'app/no'),
    ARN.replace(account.accountId, '333333333333')
  ]) await t.rejects(get(other, SecretId), denied(otherAccount, 'GetSecretValue', SecretId, 'resource'), 'a missing secret makes no difference')
  const partial = (await make('app/mine')).slice(0, -7)
  await t.rejects(get(other, partial), denied(otherAccount, 'GetSecretValue', partial, 'resource'), 'the rest of an ARN is not revealed')
  t.strictSame((await other.send(new ListSecretsCommand())).SecretList, [])

  const made = await other.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: 'w', VersionStages: ['AWSCURRENT', 'theirs'] }))
  t.match(await get(owner, 'app/db'), { SecretString: 'w', VersionId: made.VersionId })
  await other.send(new UpdateSecretVersionStageCommand({ SecretId: ARN, VersionStage: 'theirs', RemoveFromVersionId: made.VersionId }))
  await other.send(new UpdateSecretCommand({ SecretId: ARN, Description: 'of another' }))
  t.match(await describe(owner, 'app/db'), { Description: 'of another', VersionIdsToStages: { [made.VersionId ?? '']: ['AWSCURRENT'] } })
  await other.send(new DeleteSecretCommand({ SecretId: ARN }))
  await t.rejects(get(other, ARN), { name: 'InvalidRequestException', message: /marked for deletion/ })
  await other.send(new RestoreSecretCommand({ SecretId: ARN }))
  await other.send(new DeleteSecretCommand({ SecretId: ARN, ForceDeleteWithoutRecovery: true }))
  await t.rejects(get(owner, ARN), notFound)
})

await t.test('under the AWS managed key, another account can do everything except reading and writing values', async (t) => {
  const { by, make, owner } = await world(t, [])
  const ARN = await make('app/db', { policy: [{ ...everything, Principal: { AWS: otherAccount.accountId } }] })
  const other = by(otherAccount)
  const refusal = {
    name: 'InvalidRequestException',
    message: 'You can\'t access a secret from a different AWS account if you encrypt the secret with the default KMS service key.'
  }
  await t.rejects(get(other, ARN), refusal)
  await t.rejects(other.send(new PutSecretValueCommand({ SecretId: ARN, SecretString: 'w' })), refusal)
  await t.rejects(other.send(new UpdateSecretCommand({ SecretId: ARN, SecretString: 'w' })), refusal)
  t.match(await other.send(new BatchGetSecretValueCommand({ SecretIdList: [ARN] })), {
    SecretValues: [], Errors: [{ SecretId: ARN, ErrorCode: refusal.name, Message: refusal.message }]
  })
  t.match(await describe(other, ARN), { ARN })
  t.match(await other.send(new ListSecretVersionIdsCommand({ SecretId: ARN })), { Versions: [{}] })
  await other.send(new TagResourceCommand({ SecretId: ARN, Tags: [{ Key: 'k', Value: 'v' }] }))
  await other.send(new UntagResourceCommand({ SecretId: ARN, TagKeys: ['k'] }))
  await other.send(new UpdateSecretCommand({ SecretId: ARN, Description: 'd' }))
  t.match(await other.send(new GetResourcePolicyCommand({ SecretId: ARN })), { ResourcePolicy: String })
  await owner.send(new UpdateSecretCommand({ SecretId: ARN, KmsKeyId: keyArn }))
  t.match(await get(other, ARN), { SecretString: 'value of app/db' }, 'under a key that both accounts may use')
  await other.send(new DeleteResourcePolicyCommand({ SecretId: ARN }))
  await t.rejects(describe(other, ARN), denied(otherAccount, 'DescribeSecret', ARN, 'resource'), 'the caller has locked itself out')
})

await t.test('a batch returns the secrets that may be read, and an error for each of the others', async (t) => {
  const some = user('some', [
    { ...everything, Action: 'secretsmanager:BatchGetSecretValue' },
    { ...everything, Action: 'secretsmanager:GetSecretValue', Resource: 'arn:aws:secretsmanager:*:*:secret:open/*' }
  ])
  const lister = user('lister', [
    { ...everything, Action: ['secretsmanager:BatchGetSecretValue', 'secretsmanager:ListSecrets', 'secretsmanager:GetSecretValue'] }
  ])
  const { by, make } = await world(t, [some, lister])
  const open = await make('open/a')
  const closed = await make('closed/a')
  const error = (SecretId: string, resource: string) => ({
    SecretId, ErrorCode: 'AccessDeniedException', Message: denied(some, 'GetSecretValue', resource).message
  })
  const { SecretValues, Errors } = await by(some).send(new BatchGetSecretValueCommand({ SecretIdList: ['open/a', 'closed/a', closed, 'closed/no', 'open/no'] }))
  t.match(SecretValues, [{ ARN: open, SecretString: 'value of open/a' }])
  t.strictSame(SecretValues?.length, 1)
  t.strictSame(Errors, [
    error('closed/a', closed), error(closed, closed), error('closed/no', 'closed/no'),
    { SecretId: 'open/no', ErrorCode: notFound.name, Message: notFound.message }
  ])
  const byFilter = new BatchGetSecretValueCommand({ Filters: [{ Key: 'name', Values: ['open/'] }] })
  await t.rejects(by(some).send(byFilter), denied(some, 'ListSecrets', undefined))
  t.match(await by(lister).send(byFilter), { SecretValues: [{ ARN: open }], Errors: [] })
})

await t.test('each implicit operation of a request requires its own permission', async (t) => {
  const maker = user('maker', [{ ...everything, Action: ['secretsmanager:CreateSecret', 'secretsmanager:ValidateResourcePolicy'] }])
  const tagger = user('tagger', [{ ...everything, Action: ['secretsmanager:CreateSecret', 'secretsmanager:TagResource'] }])
  const { by, owner } = await world(t, [maker, tagger])
  const make = (who: Account, more: object) => by(who).send(new CreateSecretCommand({ Name: 'n', ...more }))
  const Tags = [{ Key: 'k', Value: 'v' }]
  await t.rejects(make(maker, { Tags }), denied(maker, 'TagResource', 'n'))
  await t.rejects(make(tagger, { Tags, AddReplicaRegions: [{ Region: 'us-east-1' }] }), denied(tagger, 'ReplicateSecretToRegions', 'n'))
  await t.rejects(describe(owner, 'n'), notFound, 'nothing was created')
  t.match(await make(maker, { Tags: [] }), { Name: 'n' })
  const ResourcePolicy = document([{ ...everything, Principal: '*' }])
  await t.rejects(by(maker).send(new ValidateResourcePolicyCommand({ ResourcePolicy })), denied(maker, 'PutResourcePolicy', undefined))
})

type Send = (client: SecretsManagerClient) => Promise<unknown>

/** Returns conditions, each with a request that fulfils it and one that doesn't. */
function conditionTable (): [Statement, Send, Send][] {
  let made = 0
  const read = (input: object = {}): Send => (client) => client.send(new GetSecretValueCommand({ SecretId: 'red', ...input }))
  const create = (input: object = {}): Send => (client) => client.send(new CreateSecretCommand({ Name: `made/${++made}`, ...input }))
  const tagged = (Key: string, Value = 'a') => create({ Tags: [{ Key, Value }] })
  const untag = (...TagKeys: string[]): Send => (client) => client.send(new UntagResourceCommand({ SecretId: 'red', TagKeys }))
  const remove = (input: object): Send => (client) => client.send(new DeleteSecretCommand({ SecretId: 'gone', ...input }))
  const replicated = (...regions: string[]) => create({ AddReplicaRegions: regions.map((Region) => ({ Region })) })
  const attach = (input: object): Send => (client) => client.send(new PutResourcePolicyCommand({
    SecretId: 'red', ResourcePolicy: document([{ ...everything, Principal: { AWS: account.accountId } }]), ...input
  }))
  const blue = read({ SecretId: 'blue' })
  const VersionId = 'a'.repeat(32)
  return [
    [{ StringEquals: { 'aws:ResourceTag/colour': 'red' } }, read(), blue],
    [{ StringEquals: { 'secretsmanager:ResourceTag/Colour': 'red' } }, read(), blue],
    [{ ArnLike: { 'secretsmanager:SecretId': 'arn:aws:secretsmanager:*:*:secret:red-*' } }, read(), blue],
    [{ StringEquals: { 'secretsmanager:resource/Type': 'kind' } }, blue, read()],
    [{ 'ForAnyValue:StringEquals': { 'secretsmanager:VersionStage': 'AWSCURRENT' } }, read(), read({ VersionStage: 'AWSPREVIOUS' })],
    [{ StringEquals: { 'secretsmanager:VersionStage': 'AWSCURRENT' } }, read({ VersionStage: 'AWSCURRENT' }), read({ VersionId })],
    [{ Null: { 'secretsmanager:VersionId': 'true' } }, read(), read({ VersionId })],
    [{ StringLike: { 'secretsmanager:Name': 'made/*' } }, create(), create({ Name: 'other' })],
    [{ StringEquals: { 'secretsmanager:Description': 'd' } }, create({ Description: 'd' }), create()],
    [{ StringEquals: { 'secretsmanager:KmsKeyId': keyArn } }, create({ KmsKeyId: keyArn }), create()],
    [{ StringEquals: { 'aws:RequestTag/team': 'a' } }, tagged('team'), tagged('team', 'b')],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': ['team', 'cost'] } }, tagged('cost'), tagged('other')],
    [{ 'ForAllValues:StringEquals': { 'aws:TagKeys': 'team' } }, untag('team'), untag('team', 'colour')],
    [{ 'ForAllValues:StringEquals': { 'secretsmanager:AddReplicaRegions': 'us-east-1' } }, replicated('us-east-1'), replicated('us-east-1', 'us-west-2')],
    [{ Bool: { 'secretsmanager:ForceDeleteWithoutRecovery': 'true' } }, remove({ ForceDeleteWithoutRecovery: true }), remove({})],
    [{ NumericLessThan: { 'secretsmanager:RecoveryWindowInDays': '14' } }, remove({ RecoveryWindowInDays: 13 }), remove({ RecoveryWindowInDays: 14 })],
    [{ Bool: { 'secretsmanager:BlockPublicPolicy': 'true' } }, attach({ BlockPublicPolicy: true }), attach({})]
  ]
}

await t.test('conditions on the request and the secret', async (t) => {
  const table = conditionTable().map(([Condition, passes, fails], index) => ({
    who: user(`user-${index}`, [{ ...everything, Condition }]), passes, fails, what: JSON.stringify(Condition)
  }))
  const { by, make, owner } = await world(t, table.map(({ who }) => who))
  await make('red', { tags: { colour: 'red', team: 'a' } })
  await make('blue', { tags: { colour: 'blue' } })
  await owner.send(new UpdateSecretCommand({ SecretId: 'blue', Type: 'kind' }))
  for (const { who, passes, fails, what } of table) {
    await owner.send(new DeleteSecretCommand({ SecretId: 'gone', ForceDeleteWithoutRecovery: true }))
    await make('gone')
    await t.rejects(fails(by(who)), { name: 'AccessDeniedException' }, what)
    await t.resolves(passes(by(who)), what)
  }
})

await t.test('conditions on the caller, the origin and the time', async (t) => {
  const clock = stoppedClock()
  const holding: Record<string, Statement> = {
    ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${account.accountId}:user/ada` },
    StringEquals: {
      'aws:PrincipalAccount': account.accountId, 'aws:username': 'ada', 'aws:RequestedRegion': region, 'aws:ResourceAccount': account.accountId
    },
    IpAddress: { 'aws:SourceIp': '127.0.0.1' },
    Bool: { 'aws:SecureTransport': 'true', 'aws:PrincipalIsAWSService': 'false' },
    DateLessThan: { 'aws:CurrentTime': new Date(clock.now + 1000).toISOString() },
    NumericEquals: { 'aws:EpochTime': Math.floor(clock.now / 1000) }
  }
  const ada = user('ada', [{ ...everything, Condition: holding }])
  const { by, make } = await world(t, [ada], { now: () => clock.now })
  const ARN = await make('a')
  t.match(await describe(by(ada), ARN), { ARN })
  await t.rejects(describe(by(ada, 'us-east-1'), 'a'), denied(ada, 'DescribeSecret', 'a'))
  clock.move(1000)
  await t.rejects(describe(by(ada), ARN), denied(ada, 'DescribeSecret', ARN), 'once the time has come')
})

await t.test('conditions on a secret\'s rotation and replication', async (t) => {
  const functionArn = `arn:aws:lambda:${region}:${account.accountId}:function:rotate`
  const rotated = user('rotated', [{ ...everything, Condition: { ArnEquals: { 'secretsmanager:resource/AllowRotationLambdaArn': functionArn } } }])
  const replicated = user('replicated', [{ ...everything, Condition: { StringEquals: { 'secretsmanager:SecretPrimaryRegion': region } } }])
  const turner = user('turner', [{ ...everything, Condition: { Null: { 'secretsmanager:ModifyRotationRules': 'true' } } }])
  const { by, make, owner } = await world(t, [rotated, replicated, turner], { rotationFunctions: { rotate: 'http://127.0.0.1:9/' } })
  const ARN = await make('a')
  for (const who of [rotated, replicated]) await t.rejects(describe(by(who), 'a'), denied(who, 'DescribeSecret', ARN))
  await owner.send(new RotateSecretCommand({ SecretId: 'a', RotationLambdaARN: functionArn, RotateImmediately: false }))
  t.match(await describe(by(rotated), 'a'), { ARN })
  await owner.send(new ReplicateSecretToRegionsCommand({ SecretId: 'a', AddReplicaRegions: [{ Region: 'us-east-1' }] }))
  t.match(await describe(by(replicated), 'a'), { ARN })
  t.match(await describe(by(replicated, 'us-east-1'), 'a'), { PrimaryRegion: region })
  await t.rejects(by(turner).send(new RotateSecretCommand({ SecretId: 'a', RotationRules: { AutomaticallyAfterDays: 7 } })), denied(turner, 'RotateSecret', ARN))
})

await t.test('valid and invalid accounts', async (t) => {
  const starts = (one: Account) => startLocalBackend({ accounts: [one] })
  await t.rejects(starts({ ...account, identityPolicies: ['{'] }), {
    message: `The identity policy of the access key ${account.accessKeyId} is malformed: Policy is not valid JSON`
  })
  await t.rejects(starts({ ...account, identityPolicies: [document([everything]), document([{ ...everything, Effect: 'Permit' }])] }), {
    message: `The identity policy of the access key ${account.accessKeyId} is malformed: Statement[0].Effect must be Allow or Deny`
  })
  for (const arn of ['ada', 'arn:aws:iam::210987654321:user/ada', `arn:aws:iam::${account.accountId}:`]) {
    await t.rejects(starts({ ...account, arn }), {
      message: `The access key ${account.accessKeyId} has the ARN ${arn}, which does not belong to the account ${account.accountId}`
    })
  }
})
