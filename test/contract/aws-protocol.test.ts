import t from 'tap'
import { callAws } from '#test/aws-endpoint'
import type { AuditRecord } from '#test/audit-trail'
import { build, policies, tokens, type Gateway } from '#test/helper'

/*
 * A call in AWS's protocol leaves the same audit records, and affects other environments in the same way, as the equivalent
 * request to the gateway's own API. `authorization-matrix.test.ts` checks that both require the same permissions.
 */

const token = '00000000-0000-4000-8000-000000000001'

/** A request to the gateway's own API about the secret `a`, and the equivalent call in AWS's protocol. */
interface Pair {
  method: string
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
  { method: 'PUT', path: '?force=true', json: { value: 'w' }, operation: 'PutSecretValue', input: { SecretString: 'w', ClientRequestToken: token.replace('1', '3') } },
  { method: 'PATCH', json: { description: 'd' }, operation: 'UpdateSecret', input: { Description: 'd', ClientRequestToken: token.replace('1', '4') } },
  { method: 'PATCH', json: { value: 'x' }, operation: 'UpdateSecret', input: { SecretString: 'x', ClientRequestToken: token.replace('1', '5') } },
  { method: 'PUT', path: '/tags', json: { team: 'a' }, operation: 'TagResource', input: { Tags: [{ Key: 'team', Value: 'a' }] } },
  { method: 'DELETE', path: '/tags?key=team', operation: 'UntagResource', input: { TagKeys: ['team'] } },
  { method: 'PUT', path: '/stages/BLUE', json: { moveToVersionId: token.replace('1', '9') }, operation: 'UpdateSecretVersionStage', input: { VersionStage: 'BLUE', MoveToVersionId: token.replace('1', '9') } },
  { method: 'GET', path: '/policy', operation: 'GetResourcePolicy' },
  { method: 'DELETE', path: '/policy', operation: 'DeleteResourcePolicy' },
  { method: 'POST', path: '/policy/validate', json: { resourcePolicy: {} }, operation: 'ValidateResourcePolicy', input: { ResourcePolicy: '{}' } },
  { method: 'PUT', path: '/replicas', json: { replicaRegions: [{ region: 'eu-central-1' }] }, operation: 'ReplicateSecretToRegions', input: { AddReplicaRegions: [{ Region: 'eu-central-1' }] } },
  { method: 'DELETE', path: '/replicas?region=eu-central-1', operation: 'RemoveRegionsFromReplication', input: { RemoveReplicaRegions: ['eu-central-1'] } },
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
    for (const { method, path = '', json, operation, input } of pairs) {
      const own = await one.send(method, `/environments/dev/secrets/a${path}`, { token: tokens[caller], ...json !== undefined && { json } })
      const call = await callAws(other, operation, { [operation === 'CreateSecret' ? 'Name' : 'SecretId']: 'dev/a', ...input }, { token: tokens[caller] })
      t.equal(call.status < 400, own.status < 400, `${operation}: ${own.status}, ${call.text}`)
      t.same(saidIn(other, call.headers.get('x-request-id')), saidIn(one, own.headers.get('x-request-id')), operation)
    }
  })
}

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
