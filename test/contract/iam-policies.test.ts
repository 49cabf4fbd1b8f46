import { join } from 'node:path'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import t, { type Test } from 'tap'
import type { CredentialDefinition } from '#src/credentials/definition'
import { startLocalBackend, type Account, type LocalBackend, type Role } from '#src/local-backend/server'
import { exampleIn } from '#test/examples'
import { build, embedded, policies, type Gateway } from '#test/helper'
import { identityToken, issuer, keysFile, workload } from '#test/web-identity'

/** A policy document from the documentation. */
interface Document {
  Statement: { Action: string | string[] }[]
}

/** Returns the text of a policy from a page of the documentation. `comment` is the HTML comment above the policy. */
const policyIn = (page: string, comment: string): string => exampleIn(`docs/${page}`, comment)

const statementsOf = (policy: string): Document['Statement'] => (JSON.parse(policy) as Document).Statement

const actionsOf = (policy: string): string[] => statementsOf(policy).flatMap(({ Action }) => Action)

/** Removes an action from a policy, and drops the statements that then have no action. */
function without (policy: string, action: string): string {
  const statements = statementsOf(policy).map((statement) => ({ ...statement, Action: [statement.Action].flat().filter((one) => one !== action) }))
  return JSON.stringify({ Version: '2012-10-17', Statement: statements.filter(({ Action }) => Action.length > 0) })
}

/** The gateway's own policies allow everything, so that only IAM decides. */
const authorization = policies('@id("all") permit (principal, action, resource);')

const accountId = '111122223333'
const policy = policyIn('aws.md', 'policy: secrets')
const lambdaArn = `arn:aws:lambda:eu-west-1:${accountId}:function:rotator`

interface Request {
  method: string
  /** The path after the secret's path. If it begins with two slashes, the path after the environment's path. */
  path?: string
  json?: unknown
  environment?: string
}

/** For each action, a request that needs it. The secret has the name of the action. */
const requests: Readonly<Record<string, Request>> = {
  ListSecrets: { method: 'GET', path: '//secrets' },
  BatchGetSecretValue: { method: 'POST', path: '//values', json: { names: ['BatchGetSecretValue'] } },
  GetRandomPassword: { method: 'GET', path: '//random-password' },
  DescribeSecret: { method: 'GET', path: '/metadata' },
  GetSecretValue: { method: 'GET' },
  ListSecretVersionIds: { method: 'GET', path: '/versions' },
  GetResourcePolicy: { method: 'GET', path: '/policy' },
  CreateSecret: { method: 'POST', json: { value: 'v' } },
  PutSecretValue: { method: 'PUT', json: { value: 'w' } },
  UpdateSecret: { method: 'PATCH', json: { description: 'd' } },
  UpdateSecretVersionStage: { method: 'POST', path: '/rollback', json: {} },
  TagResource: { method: 'PUT', path: '/tags', json: { team: 'a' } },
  UntagResource: { method: 'DELETE', path: '/tags?key=team' },
  DeleteSecret: { method: 'DELETE', path: '?recoveryWindowInDays=7' },
  RestoreSecret: { method: 'POST', path: '/restore' },
  RotateSecret: { method: 'PUT', path: '/rotation', json: { lambdaArn, automaticallyAfterDays: 30, rotateImmediately: false } },
  CancelRotateSecret: { method: 'DELETE', path: '/rotation' },
  PutResourcePolicy: { method: 'PUT', path: '/policy', json: { resourcePolicy: { Version: '2012-10-17', Statement: { Effect: 'Deny', Principal: { AWS: '999999999999' }, Action: 'secretsmanager:GetSecretValue', Resource: '*' } } } },
  ValidateResourcePolicy: { method: 'POST', path: '/policy/validate', json: { resourcePolicy: {} } },
  DeleteResourcePolicy: { method: 'DELETE', path: '/policy' },
  ReplicateSecretToRegions: { method: 'PUT', path: '/replicas', json: { replicaRegions: [{ region: 'eu-central-1' }] } },
  RemoveRegionsFromReplication: { method: 'DELETE', path: '/replicas?region=eu-central-1' },
  StopReplicationToReplica: { method: 'POST', path: '/replicas/promote', environment: 'standby' }
}

const toFrankfurt = { AddReplicaRegions: [{ Region: 'eu-central-1' }] }

/** Functions that prepare the secret for the request, keyed by action. The secret already exists and has two versions. */
const preparations: Readonly<Record<string, (aws: SecretsManager, SecretId: string) => Promise<unknown>>> = {
  CreateSecret: async (aws, SecretId) => aws.deleteSecret({ SecretId, ForceDeleteWithoutRecovery: true }),
  RestoreSecret: async (aws, SecretId) => aws.deleteSecret({ SecretId }),
  UntagResource: async (aws, SecretId) => aws.tagResource({ SecretId, Tags: [{ Key: 'team', Value: 'a' }] }),
  CancelRotateSecret: async (aws, SecretId) =>
    aws.rotateSecret({ SecretId, RotationLambdaARN: lambdaArn, RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: false }),
  RemoveRegionsFromReplication: async (aws, SecretId) => aws.replicateSecretToRegions({ SecretId, ...toFrankfurt }),
  StopReplicationToReplica: async (aws, SecretId) => aws.replicateSecretToRegions({ SecretId, ...toFrankfurt })
}

const user = (accessKeyId: string, ...identityPolicies: string[]): Account =>
  ({ accountId, accessKeyId, secretAccessKey: `${accessKeyId}-secret`, ...identityPolicies.length > 0 && { identityPolicies } })

/**
 * Starts a gateway with several credentials: the keys `all`, whose user has the whole policy, and, for each action, keys whose
 * user has the policy without this action.
 */
async function gatewayWith (t: Test, backend: LocalBackend, keys: readonly string[]): Promise<Gateway> {
  const environment = { region: 'eu-west-1', account: accountId, credential: 'all', allowedCredentials: [...keys], namePrefix: 'prod/' }
  return build(t, {
    environments: { prod: environment, standby: { ...environment, region: 'eu-central-1' } },
    credentials: Object.fromEntries(keys.map((id) => [id, embedded(id)])),
    authorization,
    aws: { endpoint: backend.url }
  })
}

async function prepare (aws: SecretsManager, name: string): Promise<void> {
  const SecretId = `prod/${name}`
  await aws.createSecret({ Name: SecretId, SecretString: 'v' })
  await aws.putSecretValue({ SecretId, SecretString: 'w2' })
  await preparations[name]?.(aws, SecretId)
}

t.test('each action of the policy on secrets is needed, and no other', async (t) => {
  const names = actionsOf(policy).map((action) => action.replace('secretsmanager:', ''))
  t.strictSame(Object.keys(requests).sort(), [...names].sort(), 'there is a request for each action')
  const backend = await startLocalBackend({
    accounts: [user('administrator'), user('all', policy), ...names.map((name) => user(name, without(policy, `secretsmanager:${name}`)))],
    rotationFunctions: { rotator: join(import.meta.dirname, '../fixtures/rotation/rotator.ts') }
  })
  t.teardown(backend.close)
  const gateway = await gatewayWith(t, backend, ['all', ...names])
  const aws = new SecretsManager({ endpoint: backend.url, region: 'eu-west-1', credentials: user('administrator') })
  t.teardown(() => { aws.destroy() })
  for (const [name, { method, path = '', json, environment = 'prod' }] of Object.entries(requests)) {
    await prepare(aws, name)
    const url = `/environments/${environment}${path.startsWith('//') ? path.slice(1) : `/secrets/${name}${path}`}`
    const body = json === undefined ? {} : { json }
    const denied = await gateway.send(method, url, { ...body, headers: { 'aws-credential-id': name } })
    t.match(denied.json, { code: 'aws-access-denied' }, `${method} ${url} without ${name}`)
    const allowed = await gateway.send(method, url, body)
    t.ok(allowed.status < 300, `${method} ${url} with the policy: ${allowed.status} ${allowed.text}`)
  }
})

/** The actions that are necessary to start a session with a source identity. */
const sessionActions = ['AssumeRole', 'SetSourceIdentity']

t.test('each action of the policies for a role is needed', async (t) => {
  const source = policyIn('aws.md', 'policy: source')
  const trust = policyIn('credentials.md', 'trust policy').replace('role/gateway', 'user/source')
  for (const text of [source, trust]) t.strictSame(actionsOf(text), sessionActions.map((action) => `sts:${action}`))
  const web = policyIn('aws.md', 'policy: web identity').replace('WORKLOAD', workload)
  const roleArn = `arn:aws:iam::${accountId}:role/secrets-gateway`
  const everyRole = source.replace(roleArn, `${roleArn}*`)
  const role = (suffix: string, trustPolicy: string): Role => ({ arn: roleArn + suffix, trustPolicy, identityPolicies: [policy] })
  const sourceUser = (accessKeyId: string, identityPolicy: string): Account =>
    ({ ...user(accessKeyId, identityPolicy), accountId: '999999999999', arn: 'arn:aws:iam::999999999999:user/source' })
  const backend = await startLocalBackend({
    accounts: [sourceUser('source', everyRole), ...sessionActions.map((action) => sourceUser(action, without(source, `sts:${action}`)))],
    roles: [
      role('', trust),
      ...sessionActions.map((action) => role(action, without(trust, `sts:${action}`))),
      role('web', web),
      role('other', web.replace(workload, 'other'))
    ],
    identityProviders: [{ issuer, keys: keysFile }]
  })
  t.teardown(backend.close)

  const tokenFile = join(t.testdir({ token: await identityToken(workload, Date.now()) }), 'token')
  const assumed = (suffix: string, from: string): CredentialDefinition =>
    ({ kind: 'assume-role', roleArn: roleArn + suffix, source: from, externalId: 'of-the-gateway' })
  const federated = (suffix: string): CredentialDefinition => ({ kind: 'web-identity', roleArn: roleArn + suffix, tokenFile })
  const works = { role: assumed('', 'source'), web: federated('web') }
  const fails: Record<string, CredentialDefinition> = {
    ...Object.fromEntries(sessionActions.map((action) => [`source-${action}`, assumed('', action)])),
    ...Object.fromEntries(sessionActions.map((action) => [`trust-${action}`, assumed(action, 'source')])),
    other: federated('other')
  }
  const keys = Object.fromEntries(['source', ...sessionActions].map((id) => [id, embedded(id)]))
  const gateway = await build(t, {
    environments: { prod: { region: 'eu-west-1', credential: 'role', allowedCredentials: [...Object.keys(works), ...Object.keys(fails)] } },
    credentials: { ...keys, ...works, ...fails },
    authorization,
    aws: { endpoint: backend.url }
  })
  const list = async (id: string): Promise<unknown> =>
    (await gateway.send('GET', '/environments/prod/secrets', { headers: { 'aws-credential-id': id } })).json
  for (const id of Object.keys(works)) t.match(await list(id), { items: [] }, id)
  for (const id of Object.keys(fails)) t.match(await list(id), { code: 'credential-invalid' }, id)
})
