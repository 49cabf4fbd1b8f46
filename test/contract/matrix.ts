import { hashToken } from '#src/authentication/api-keys'
import type { Caller } from '#src/authentication/caller'
import type { Action } from '#src/authorization/actions'
import { callAws } from '#test/aws-endpoint'
import { build, declared, policies, type Gateway, type Reply } from '#test/helper'
import { plainDecision, toCedar, type Rule } from '#test/plain-policies'

/*
 * The callers, policies and requests of the authorization matrix: four callers, three environments (two in separate accounts, and
 * one that does not exist), up to five ways to choose a credential, and a request for each permission of each route.
 */

export const callers: readonly Caller[] = [
  { id: 'platform', groups: ['engineers', 'break-glass'], method: 'api-key' },
  { id: 'auditor', groups: ['engineers'], method: 'api-key' },
  { id: 'deploy-bot', groups: ['pipelines'], method: 'api-key' },
  { id: 'team-a-service', groups: ['team-a'], method: 'api-key' }
]

export const rules: readonly Rule[] = [
  { id: 'engineers', effect: 'permit', who: { group: 'engineers' } },
  {
    id: 'behind-glass', effect: 'forbid', who: { group: 'engineers' }, where: { in: 'prod' }, unless: 'break-glass',
    actions: ['GetSecretValue', 'BatchGetSecretValue', 'write', 'rotate', 'administer']
  },
  { id: 'kept', effect: 'forbid', actions: ['ForceDeleteSecret', 'StopReplicationToReplica'], where: { in: 'prod' } },
  { id: 'auditor-is-no-administrator', effect: 'forbid', who: { caller: 'auditor' }, actions: ['administer'] },
  { id: 'auditor-through', effect: 'forbid', who: { caller: 'auditor' }, where: { secretsOf: 'dev' }, credential: 'dev-other' },
  { id: 'pipelines', effect: 'permit', who: { group: 'pipelines' }, actions: ['DescribeEnvironment', 'write', 'PromoteSecret'], where: { in: 'dev' }, credential: 'dev-account' },
  { id: 'pipelines-in-prod', effect: 'permit', who: { group: 'pipelines' }, actions: ['DescribeEnvironment', 'PutSecretValue'], where: { in: 'prod' }, credential: 'prod-readonly' },
  { id: 'team-a', effect: 'permit', who: { group: 'team-a' }, actions: ['read', 'write', 'rotate'], where: { secretsOf: 'dev', prefix: 'team-a/' } },
  { id: 'team-a-in-dev', effect: 'permit', who: { group: 'team-a' }, actions: ['read', 'write'], where: { itself: 'dev' } },
  // Has no effect, because team-a is not allowed to see the environment.
  { id: 'team-a-blind', effect: 'permit', who: { group: 'team-a' }, actions: ['GetSecretValue', 'administer'], where: { in: 'prod' } },
  { id: 'team-a-verifies', effect: 'permit', who: { caller: 'team-a-service' }, actions: ['VerifyCredential'], credential: 'dev-account' }
]

const key = { kind: 'embedded' as const, accessKeyId: 'AKIADEV', secretAccessKey: 'AKIADEV-secret' }
const prodKey = { kind: 'embedded' as const, accessKeyId: 'AKIAPROD', secretAccessKey: 'AKIAPROD-secret' }

/** The credentials that each environment allows; the first is its default. */
export const allowed: Readonly<Record<string, readonly string[]>> = { dev: ['dev-account', 'dev-other'], prod: ['prod-account', 'prod-readonly'] }
export const environments = [...Object.keys(allowed), 'none']
export const names = ['team-a/x', 'team-ab/x']

export const gatewayFor = async (t: Parameters<typeof build>[0]): Promise<Gateway> => build(t, {
  environments: {
    dev: { region: 'eu-west-1', credential: 'dev-account', allowedCredentials: ['dev-other'] },
    prod: { region: 'eu-west-1', credential: 'prod-account', allowedCredentials: ['prod-readonly'] }
  },
  credentials: { 'dev-account': key, 'dev-other': key, 'prod-account': prodKey, 'prod-readonly': prodKey },
  authentication: { ...declared.authentication, apiKeys: callers.map(({ id, groups }) => ({ id, hash: hashToken(tokenOf(id)), groups: [...groups] })) },
  authorization: policies(rules.map(toCedar).join('\n')),
  agent: { environments: ['dev', 'prod'] }
})

export const tokenOf = (id: string): string => `token-of-${id}-in-the-matrix`

export interface Cell {
  caller: Caller
  environment: string
  /** The credential that the request names; the environment's default if undefined. */
  credential: string | undefined
  name?: string
}

export type Answer = 'not-found' | 'forbidden' | 'allowed'

export const credentialOf = ({ environment, credential }: Cell): string => credential ?? allowed[environment]?.[0] ?? ''

/** Evaluates the policies, without Cedar, for an action in a cell of the matrix. */
export function decision ({ caller, environment, name }: Cell, action: Action, credentialId: string): { allowed: boolean, policies: string[] } {
  return plainDecision(rules, { caller, action, credentialId, environment, ...(name !== undefined && { name }) })
}

function sees ({ caller, environment }: Cell): boolean {
  return (allowed[environment] ?? []).some((credentialId) => decision({ caller, environment, credential: undefined }, 'DescribeEnvironment', credentialId).allowed)
}

/** Returns the expected answer to a request that requires these actions. */
export function expected (cell: Cell, actions: readonly Action[]): Answer {
  const credentialId = credentialOf(cell)
  if (!sees(cell)) return 'not-found'
  if (actions.includes('DescribeEnvironment')) return 'allowed'
  const isAllowed = allowed[cell.environment]?.includes(credentialId) ?? false
  return isAllowed && actions.every((action) => decision(cell, action, credentialId).allowed) ? 'allowed' : 'forbidden'
}

export interface Request {
  requires: readonly Action[]
  /** The operation of a call in AWS's protocol. Its input is `json`. */
  operation?: string
  method: string
  path?: string
  json?: unknown
  type?: string
}

const versionId = '00000000-0000-4000-8000-000000000000'

/** Requests to the routes of an environment, except promotions, with the actions that each requires. */
export const onEnvironment: readonly Request[] = [
  { requires: ['DescribeEnvironment'], method: 'GET' },
  { requires: ['ListSecrets'], method: 'GET', path: '/secrets' },
  // `BatchGetSecretValue` would be enough, but here no caller has it without `ListSecrets`.
  { requires: ['ListSecrets'], method: 'GET', path: '/events' },
  { requires: ['AssessPosture'], method: 'GET', path: '/posture' },
  { requires: ['GetRandomPassword'], method: 'GET', path: '/random-password' },
  { requires: ['BatchGetSecretValue'], method: 'POST', path: '/values', json: { filters: { namePrefix: 'team-a/' } } },
  { requires: ['CreateSecret'], method: 'POST', path: '/secrets', json: { secretNames: ['made'], dryRun: true } }
]

/** Requests to the routes of a secret, with the actions that each requires. Deletions come last. */
export const onSecret: readonly Request[] = [
  { requires: ['CreateSecret'], method: 'POST', json: { value: 'v' } },
  { requires: ['GetSecretValue'], method: 'GET' },
  { requires: ['PutSecretValue'], method: 'PUT', json: { value: 'w' } },
  { requires: ['UpdateSecret'], method: 'PATCH', json: { description: 'd' } },
  { requires: ['UpdateSecret', 'PutSecretValue'], method: 'PATCH', json: { description: 'd', value: 'v' } },
  { requires: ['PutSecretValue', 'GetSecretValue'], method: 'PATCH', path: '/value', json: { a: 1 }, type: 'application/merge-patch+json' },
  { requires: ['DescribeSecret'], method: 'GET', path: '/metadata' },
  { requires: ['DescribeSecret'], method: 'GET', path: '/events' },
  { requires: ['ListSecretVersionIds'], method: 'GET', path: '/versions' },
  { requires: ['UpdateSecretVersionStage'], method: 'PUT', path: '/stages/BLUE', json: { moveToVersionId: versionId } },
  { requires: ['UpdateSecretVersionStage'], method: 'DELETE', path: `/stages/BLUE?versionId=${versionId}` },
  { requires: ['UpdateSecretVersionStage'], method: 'POST', path: '/rollback', json: {} },
  { requires: ['TagResource'], method: 'PUT', path: '/tags', json: { team: 'a' } },
  { requires: ['UntagResource'], method: 'DELETE', path: '/tags?key=team' },
  { requires: ['GetResourcePolicy'], method: 'GET', path: '/policy' },
  { requires: ['PutResourcePolicy'], method: 'PUT', path: '/policy', json: { resourcePolicy: {} } },
  { requires: ['ValidateResourcePolicy'], method: 'POST', path: '/policy/validate', json: { resourcePolicy: {} } },
  { requires: ['DeleteResourcePolicy'], method: 'DELETE', path: '/policy' },
  { requires: ['ConfigureRotation'], method: 'PUT', path: '/rotation', json: { automaticallyAfterDays: 30, rotateImmediately: false } },
  { requires: ['ConfigureRotation', 'RotateSecret'], method: 'PUT', path: '/rotation', json: { automaticallyAfterDays: 30 } },
  { requires: ['RotateSecret'], method: 'POST', path: '/rotation' },
  { requires: ['CancelRotateSecret'], method: 'DELETE', path: '/rotation' },
  { requires: ['CancelRotateSecret', 'UpdateSecretVersionStage'], method: 'DELETE', path: '/rotation?discardPending=true' },
  { requires: ['ReplicateSecretToRegions'], method: 'PUT', path: '/replicas', json: { replicaRegions: [{ region: 'eu-central-1' }] } },
  { requires: ['RemoveRegionsFromReplication'], method: 'DELETE', path: '/replicas?region=eu-central-1' },
  { requires: ['StopReplicationToReplica'], method: 'POST', path: '/replicas/promote' },
  { requires: ['DeleteSecret'], method: 'DELETE', path: '?recoveryWindowInDays=7' },
  { requires: ['DeleteSecret', 'RemoveRegionsFromReplication'], method: 'DELETE', path: '?detachReplicas=true' },
  { requires: ['RestoreSecret'], method: 'POST', path: '/restore' },
  { requires: ['DeleteSecret', 'ForceDeleteSecret'], method: 'DELETE', path: '?force=true' }
]

const clientRequestToken = '00000000-0000-4000-8000-000000000001'

/** Returns a call in AWS's protocol, which must require the same actions as the equivalent request to the gateway's own API. */
const awsCall = (requires: readonly Action[], operation: string, json: object = {}): Request => ({ requires, method: 'POST', operation, json })

export const awsCallsOnEnvironment: readonly Request[] = [
  awsCall(['ListSecrets'], 'ListSecrets'),
  awsCall(['GetRandomPassword'], 'GetRandomPassword'),
  awsCall(['BatchGetSecretValue'], 'BatchGetSecretValue', { Filters: [{ Key: 'name', Values: ['team-a/'] }] })
]

export const awsCallsOnSecret: readonly Request[] = [
  awsCall(['CreateSecret'], 'CreateSecret', { SecretString: 'v', ClientRequestToken: clientRequestToken }),
  awsCall(['CreateSecret', 'ReplicateSecretToRegions'], 'CreateSecret', { AddReplicaRegions: [{ Region: 'eu-central-1' }], ClientRequestToken: clientRequestToken }),
  awsCall(['CreateSecret', 'ReplicateSecretToRegions'], 'CreateSecret', { ForceOverwriteReplicaSecret: true, ClientRequestToken: clientRequestToken }),
  awsCall(['CreateSecret'], 'CreateSecret', { ForceOverwriteReplicaSecret: false, ClientRequestToken: clientRequestToken }),
  awsCall(['GetSecretValue'], 'GetSecretValue'),
  awsCall(['PutSecretValue'], 'PutSecretValue', { SecretString: 'w', ClientRequestToken: clientRequestToken }),
  awsCall(['PutSecretValue'], 'PutSecretValue', { SecretString: 'w', VersionStages: ['AWSCURRENT'], ClientRequestToken: clientRequestToken }),
  awsCall(['PutSecretValue', 'UpdateSecretVersionStage'], 'PutSecretValue', { SecretString: 'w', VersionStages: ['AWSCURRENT', 'BLUE'], ClientRequestToken: clientRequestToken }),
  awsCall(['PutSecretValue', 'UpdateSecretVersionStage'], 'PutSecretValue', { SecretString: 'w', VersionStages: ['AWSPENDING'], ClientRequestToken: clientRequestToken }),
  awsCall(['UpdateSecret'], 'UpdateSecret', { Description: 'd', ClientRequestToken: clientRequestToken }),
  awsCall(['UpdateSecret', 'PutSecretValue'], 'UpdateSecret', { SecretString: 'x', ClientRequestToken: clientRequestToken }),
  awsCall(['DescribeSecret'], 'DescribeSecret'),
  awsCall(['ListSecretVersionIds'], 'ListSecretVersionIds'),
  awsCall(['UpdateSecretVersionStage'], 'UpdateSecretVersionStage', { VersionStage: 'BLUE', MoveToVersionId: versionId }),
  awsCall(['TagResource'], 'TagResource', { Tags: [{ Key: 'team', Value: 'a' }] }),
  awsCall(['UntagResource'], 'UntagResource', { TagKeys: ['team'] }),
  awsCall(['GetResourcePolicy'], 'GetResourcePolicy'),
  awsCall(['PutResourcePolicy'], 'PutResourcePolicy', { ResourcePolicy: '{}' }),
  awsCall(['ValidateResourcePolicy'], 'ValidateResourcePolicy', { ResourcePolicy: '{}' }),
  awsCall(['DeleteResourcePolicy'], 'DeleteResourcePolicy'),
  awsCall(['ConfigureRotation'], 'RotateSecret', { RotationRules: { AutomaticallyAfterDays: 30 }, RotateImmediately: false, ClientRequestToken: clientRequestToken }),
  awsCall(['ConfigureRotation'], 'RotateSecret', { RotateImmediately: false, ClientRequestToken: clientRequestToken }),
  awsCall(['ConfigureRotation', 'RotateSecret'], 'RotateSecret', { RotationRules: { AutomaticallyAfterDays: 30 }, ClientRequestToken: clientRequestToken }),
  awsCall(['RotateSecret'], 'RotateSecret', { ClientRequestToken: clientRequestToken }),
  awsCall(['CancelRotateSecret'], 'CancelRotateSecret'),
  awsCall(['ReplicateSecretToRegions'], 'ReplicateSecretToRegions', { AddReplicaRegions: [{ Region: 'eu-central-1' }] }),
  awsCall(['RemoveRegionsFromReplication'], 'RemoveRegionsFromReplication', { RemoveReplicaRegions: ['eu-central-1'] }),
  awsCall(['StopReplicationToReplica'], 'StopReplicationToReplica'),
  awsCall(['DeleteSecret'], 'DeleteSecret', { RecoveryWindowInDays: 7 }),
  awsCall(['RestoreSecret'], 'RestoreSecret'),
  awsCall(['DeleteSecret', 'ForceDeleteSecret'], 'DeleteSecret', { ForceDeleteWithoutRecovery: true })
]

/** Returns a request for a promotion. A promotion involves a second environment, and requires the same action in both. */
export const promotion = (from = 'none'): Request => ({ requires: ['PromoteSecret'], method: 'POST', path: '/promotions', json: { from, names, dryRun: true } })

/** Returns all combinations of a caller, an environment and a credential. */
export function cells (): Cell[] {
  return callers.flatMap((caller) => environments.flatMap((environment) =>
    Array.from(new Set([undefined, ...allowed[environment] ?? [], 'dev-account', 'prod-account', 'nobodys']), (credential) => ({ caller, environment, credential }))))
}

export const described = ({ caller, environment, credential, name = '' }: Cell, { method, path = '', operation = method }: Request): string =>
  `${caller.id} ${operation} ${environment}/${name}${path} through ${credential ?? 'the default'}`

/** Sends a request of a cell of the matrix. */
export async function ask (gateway: Gateway, cell: Cell, { requires, method, path = '', json, type, operation }: Request): Promise<Reply> {
  const { caller, environment, credential, name } = cell
  if (operation !== undefined) {
    const headers = credential === undefined ? {} : { 'aws-credential-id': credential }
    const secret = name === undefined ? {} : { [operation === 'CreateSecret' ? 'Name' : 'SecretId']: `${environment}/${name}` }
    return callAws(gateway, operation, { ...json as object, ...secret }, { environment, token: tokenOf(caller.id), headers })
  }
  const secret = name === undefined ? '' : `/secrets/${encodeURIComponent(name)}`
  const takesCredential = !requires.includes('DescribeEnvironment')
  return gateway.send(method, `/environments/${environment}${secret}${path}`, {
    token: tokenOf(caller.id),
    headers: {
      ...(credential !== undefined && takesCredential && { 'aws-credential-id': credential }),
      ...(type !== undefined && { 'content-type': type })
    },
    ...(json !== undefined && (type === undefined ? { json } : { body: JSON.stringify(json) }))
  })
}
