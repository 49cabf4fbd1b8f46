import t from 'tap'
import { operations } from '#src/aws-model/shapes'
import { callAws } from '#test/aws-endpoint'
import type { AuditRecord } from '#test/audit-trail'
import { build, declared, policies, tokens, type Gateway, type Reply } from '#test/helper'

/*
 * A call in AWS's protocol leaves the same audit records, and affects other environments in the same way, as the equivalent
 * request to the gateway's own API. `authorization-matrix.test.ts` checks that both require the same permissions.
 */

const token = '00000000-0000-4000-8000-000000000001'
const rotator = 'arn:aws:lambda:eu-west-1:111111111111:function:rotator'
const harmless = { Version: '2012-10-17', Statement: [{ Effect: 'Deny', Principal: '*', Action: 'secretsmanager:ReplicateSecretToRegions', Resource: '*', Condition: { StringEquals: { 'aws:PrincipalTag/team': 'b' } } }] }

/** A request to the gateway's own API, and the equivalent call in AWS's protocol. */
interface Pair {
  method: string
  /** The subject of the request: by default the secret `a`. */
  about?: 'environment'
  /** The path below the secret or the environment. */
  path?: string
  json?: unknown
  operation: string
  input?: object
}

const pairs: readonly Pair[] = [
  { method: 'POST', json: { value: 'v' }, operation: 'CreateSecret', input: { SecretString: 'v', ClientRequestToken: token } },
  { method: 'POST', json: { value: 'v' }, operation: 'CreateSecret', input: { SecretString: 'v', ClientRequestToken: token.replace('1', '2') } },
  { method: 'GET', operation: 'GetSecretValue' },
  { method: 'GET', path: '/metadata', operation: 'DescribeSecret' },
  { method: 'GET', path: '/versions?includeDeprecated=true', operation: 'ListSecretVersionIds', input: { IncludeDeprecated: true } },
  { method: 'GET', about: 'environment', path: '/secrets', operation: 'ListSecrets' },
  { method: 'GET', about: 'environment', path: '/random-password', operation: 'GetRandomPassword' },
  { method: 'POST', about: 'environment', path: '/values', json: { names: ['a', 'none'] }, operation: 'BatchGetSecretValue', input: { SecretIdList: ['dev/a', 'dev/none'] } },
  { method: 'POST', about: 'environment', path: '/values', json: { filters: { namePrefix: 'a' } }, operation: 'BatchGetSecretValue', input: { Filters: [{ Key: 'name', Values: ['dev/a'] }] } },
  { method: 'PUT', path: '?force=true', json: { value: 'w' }, operation: 'PutSecretValue', input: { SecretString: 'w', ClientRequestToken: token.replace('1', '3') } },
  { method: 'PATCH', json: { description: 'd' }, operation: 'UpdateSecret', input: { Description: 'd', ClientRequestToken: token.replace('1', '4') } },
  { method: 'PATCH', json: { value: 'x' }, operation: 'UpdateSecret', input: { SecretString: 'x', ClientRequestToken: token.replace('1', '5') } },
  { method: 'PUT', path: '/tags', json: { team: 'a' }, operation: 'TagResource', input: { Tags: [{ Key: 'team', Value: 'a' }] } },
  { method: 'DELETE', path: '/tags?key=team', operation: 'UntagResource', input: { TagKeys: ['team'] } },
  { method: 'PUT', path: '/stages/BLUE', json: { moveToVersionId: token.replace('1', '9') }, operation: 'UpdateSecretVersionStage', input: { VersionStage: 'BLUE', MoveToVersionId: token.replace('1', '9') } },
  { method: 'GET', path: '/policy', operation: 'GetResourcePolicy' },
  { method: 'PUT', path: '/policy', json: { resourcePolicy: harmless }, operation: 'PutResourcePolicy', input: { ResourcePolicy: JSON.stringify(harmless) } },
  { method: 'DELETE', path: '/policy', operation: 'DeleteResourcePolicy' },
  { method: 'POST', path: '/policy/validate', json: { resourcePolicy: {} }, operation: 'ValidateResourcePolicy', input: { ResourcePolicy: '{}' } },
  { method: 'PUT', path: '/replicas', json: { replicaRegions: [{ region: 'eu-central-1' }] }, operation: 'ReplicateSecretToRegions', input: { AddReplicaRegions: [{ Region: 'eu-central-1' }] } },
  { method: 'DELETE', path: '/replicas?region=eu-central-1', operation: 'RemoveRegionsFromReplication', input: { RemoveReplicaRegions: ['eu-central-1'] } },
  { method: 'POST', path: '/replicas/promote', operation: 'StopReplicationToReplica' },
  { method: 'POST', path: '/rotation', operation: 'RotateSecret', input: { ClientRequestToken: token.replace('1', '6') } },
  { method: 'PUT', path: '/rotation', json: { automaticallyAfterDays: 30, rotateImmediately: false }, operation: 'RotateSecret', input: { RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: false, ClientRequestToken: token.replace('1', '7') } },
  { method: 'PUT', path: '/rotation', json: { lambdaArn: rotator, automaticallyAfterDays: 30 }, operation: 'RotateSecret', input: { RotationLambdaARN: rotator, RotationRules: { AutomaticallyAfterDays: 30 }, ClientRequestToken: token.replace('1', '8') } },
  { method: 'DELETE', path: '/rotation', operation: 'CancelRotateSecret' },
  { method: 'DELETE', operation: 'DeleteSecret' },
  { method: 'GET', operation: 'GetSecretValue' },
  { method: 'POST', path: '/restore', operation: 'RestoreSecret' },
  { method: 'DELETE', path: '?force=true', operation: 'DeleteSecret', input: { ForceDeleteWithoutRecovery: true } },
  { method: 'GET', operation: 'GetSecretValue' }
]

/** Returns the members of a request's records that must be the same in both forms. */
function saidIn (gateway: Gateway, requestId: string | null): unknown[] {
  return gateway.trail().filter((record: AuditRecord) => record.requestId === requestId).map((record: AuditRecord) => ({
    event: record.event,
    caller: record.caller,
    action: record.action,
    environment: record.environment,
    name: record.name,
    credential: record.credential,
    decision: record.decision,
    failed: record.code,
    hasVersion: record.versionId !== undefined,
    asksAws: record.awsRequestIds !== undefined
  }))
}

for (const caller of ['administrator', 'reader'] as const) {
  t.test(`calls of ${caller} leave the same records in both forms`, async (t) => {
    const [one, other] = [await build(t), await build(t)]
    for (const { method, about, path = '', json, operation, input } of pairs) {
      const url = about === 'environment' ? '/environments/dev' : '/environments/dev/secrets/a'
      const own = await one.send(method, `${url}${path}`, { token: tokens[caller], ...json !== undefined && { json } })
      const secret = about === 'environment' ? {} : { [operation === 'CreateSecret' ? 'Name' : 'SecretId']: 'dev/a' }
      const call = await callAws(other, operation, { ...secret, ...input }, { token: tokens[caller] })
      t.equal(call.status < 400, own.status < 400, `${operation}: ${own.status}, ${call.text}`)
      t.same(saidIn(other, call.headers.get('x-request-id')), saidIn(one, own.headers.get('x-request-id')), operation)
    }
  })
}

t.test('the pairs have every operation', async (t) => {
  const tried = new Set<string>(pairs.map(({ operation }) => operation))
  t.same(Object.keys(operations).filter((operation) => !tried.has(operation)), [])
})

t.test('an environment\'s settings apply in both forms', async (t) => {
  const dev = {
    ...declared.environments.dev,
    tags: { owner: 'platform' },
    kmsKeyId: 'alias/staging',
    replicaRegions: ['eu-central-1'],
    recoveryWindowInDays: 9,
    deletionProtection: true
  }
  const forms: Record<string, (gateway: Gateway, name: string, step: 'create' | 'force' | 'delete', days?: number) => Promise<Reply>> = {
    'the gateway\'s own API': async ({ send }, name, step, days) => {
      const path = `/environments/dev/secrets/${name}`
      if (step === 'create') return send('POST', path, { json: { value: 'v', tags: { team: 'a' } } })
      return send('DELETE', `${path}${step === 'force' ? '?force=true' : days === undefined ? '' : `?recoveryWindowInDays=${days}`}`)
    },
    'AWS\'s protocol': async (gateway, name, step, days) => {
      if (step === 'create') {
        return callAws(gateway, 'CreateSecret', {
          Name: `dev/${name}`, SecretString: 'v', Tags: [{ Key: 'team', Value: 'a' }], ClientRequestToken: token
        })
      }
      const window = step === 'force' ? { ForceDeleteWithoutRecovery: true } : { RecoveryWindowInDays: days }
      return callAws(gateway, 'DeleteSecret', { SecretId: `dev/${name}`, ...window })
    }
  }
  for (const [form, act] of Object.entries(forms)) {
    const gateway = await build(t, { environments: { dev } })
    const client = gateway.aws('AKIADEV')
    t.teardown(() => { client.destroy() })
    for (const [name, days] of [['a', undefined], ['b', 11]] as const) {
      t.ok((await act(gateway, name, 'create')).status < 300, `${form} creates`)
      const { Tags: tags = [], KmsKeyId, ReplicationStatus } = await client.describeSecret({ SecretId: `dev/${name}` })
      t.same(Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value])), { owner: 'platform', team: 'a' }, `${form}: the tags`)
      t.match(KmsKeyId, /staging/, `${form}: the KMS key`)
      t.match(ReplicationStatus, [{ Region: 'eu-central-1' }], `${form}: the replicas`)
      await client.removeRegionsFromReplication({ SecretId: `dev/${name}`, RemoveReplicaRegions: ['eu-central-1'] })
      t.ok((await act(gateway, name, 'force')).status >= 400, `${form}: the protection against deletions`)
      const { json: { DeletionDate: seconds, deletionDate = seconds * 1_000 } } = await act(gateway, name, 'delete', days)
      t.equal(Math.round((new Date(deletionDate).getTime() - gateway.now()) / 86_400_000), days ?? 9, `${form}: the recovery window`)
    }
  }
})

t.test('an effect on another environment requires the permissions of that environment', async (t) => {
  const dev = { region: 'eu-west-1', account: '111111111111', credential: 'dev-account' }
  const gateway = await build(t, {
    environments: { dev, deveu: { ...dev, region: 'eu-central-1', namePrefix: 'dev/' } },
    authorization: policies(`
      @id("in-dev") permit (principal == Caller::"reader", action, resource in Environment::"dev");
      @id("standby") permit (principal == Caller::"team-service", action, resource in Environment::"deveu");
      @id("administrator") permit (principal == Caller::"administrator", action, resource);
    `)
  })
  await callAws(gateway, 'CreateSecret', { Name: 'dev/a', SecretString: 'v', ClientRequestToken: token })
  await callAws(gateway, 'ReplicateSecretToRegions', { SecretId: 'dev/a', AddReplicaRegions: [{ Region: 'eu-central-1' }] })
  gateway.awsCalls.length = 0
  const regions = [{ Region: 'eu-central-1' }]
  for (const [operation, input, options] of [
    ['ReplicateSecretToRegions', { SecretId: 'dev/a', AddReplicaRegions: regions }, { token: tokens.reader }],
    ['ReplicateSecretToRegions', { SecretId: 'dev/a', AddReplicaRegions: regions, ForceOverwriteReplicaSecret: true }, { token: tokens.reader }],
    ['RemoveRegionsFromReplication', { SecretId: 'dev/a', RemoveReplicaRegions: ['eu-central-1'] }, { token: tokens.reader }],
    ['CreateSecret', { Name: 'dev/b', AddReplicaRegions: regions, ClientRequestToken: token }, { token: tokens.reader }],
    ['StopReplicationToReplica', { SecretId: 'dev/a' }, { token: tokens.team, environment: 'deveu' }]
  ] as const) {
    const reply = await callAws(gateway, operation, input, options)
    t.match(reply.json, { __type: 'AccessDeniedException' }, operation)
  }
  t.same(gateway.awsCalls.filter((call) => call !== 'DescribeSecret'), [], 'AWS changes nothing')
  t.equal((await callAws(gateway, 'StopReplicationToReplica', { SecretId: 'dev/a' }, { environment: 'deveu' })).status, 200)
})

t.test('a creation overwrites a secret in a region of the environment only with the permission to replicate', async (t) => {
  const gateway = await build(t, {
    environments: { dev: { region: 'eu-west-1', credential: 'dev-account', replicaRegions: ['eu-central-1'] } },
    authorization: policies(`
      @id("creates") permit (principal, action in [Action::"DescribeEnvironment", Action::"CreateSecret"], resource in Environment::"dev");
      @id("replicates") permit (principal == Caller::"writer", action == Action::"ReplicateSecretToRegions", resource in Environment::"dev");
    `)
  })
  const there = gateway.aws('AKIADEV', 'eu-central-1')
  await there.createSecret({ Name: 'dev/a', SecretString: 'of no environment' })
  const valueThere = async (): Promise<string | undefined> => (await there.getSecretValue({ SecretId: 'dev/a' })).SecretString
  const input = { Name: 'dev/a', SecretString: 'v', ForceOverwriteReplicaSecret: true, ClientRequestToken: token }
  gateway.awsCalls.length = 0
  t.match((await callAws(gateway, 'CreateSecret', input, { token: tokens.reader })).json, { __type: 'AccessDeniedException' })
  t.same(gateway.awsCalls, [], 'AWS is not asked')
  t.equal(await valueThere(), 'of no environment')
  t.equal((await callAws(gateway, 'CreateSecret', input, { token: tokens.writer })).status, 200)
  gateway.catchUp()
  t.equal(await valueThere(), 'v')
})
