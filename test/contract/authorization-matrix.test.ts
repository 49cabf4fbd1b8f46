import Fastify from 'fastify'
import pMap from 'p-map'
import t from 'tap'
import { app } from '#src/app'
import { hashToken } from '#src/authentication/api-keys'
import type { Caller } from '#src/authentication/caller'
import { actionNames, actionTable, type Action } from '#src/authorization/actions'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serverOptions } from '#src/http/server-options'
import { catalogue } from '#src/problems/catalogue'
import { callAws } from '#test/aws-endpoint'
import { build, declared, policies, type Gateway, type Reply } from '#test/helper'
import { plainDecision, toCedar, type Rule } from '#test/plain-policies'

/*
 * Tests every combination of four callers, all actions, three environments (two in separate accounts, and one that does not
 * exist) and up to five ways to choose a credential. The gateway's answer must match an evaluation of the policies without Cedar.
 */

const callers: readonly Caller[] = [
  { id: 'platform', groups: ['engineers', 'break-glass'], method: 'api-key' },
  { id: 'auditor', groups: ['engineers'], method: 'api-key' },
  { id: 'deploy-bot', groups: ['pipelines'], method: 'api-key' },
  { id: 'team-a-service', groups: ['team-a'], method: 'api-key' }
]

const rules: readonly Rule[] = [
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
const allowed: Readonly<Record<string, readonly string[]>> = { dev: ['dev-account', 'dev-other'], prod: ['prod-account', 'prod-readonly'] }
const environments = [...Object.keys(allowed), 'none']
const names = ['team-a/x', 'team-ab/x']

const gatewayFor = async (t: Parameters<typeof build>[0]): Promise<Gateway> => build(t, {
  environments: {
    dev: { region: 'eu-west-1', credential: 'dev-account', allowedCredentials: ['dev-other'] },
    prod: { region: 'eu-west-1', credential: 'prod-account', allowedCredentials: ['prod-readonly'] }
  },
  credentials: { 'dev-account': key, 'dev-other': key, 'prod-account': prodKey, 'prod-readonly': prodKey },
  authentication: { ...declared.authentication, apiKeys: callers.map(({ id, groups }) => ({ id, hash: hashToken(tokenOf(id)), groups: [...groups] })) },
  authorization: policies(rules.map(toCedar).join('\n')),
  agent: { environments: ['dev', 'prod'] }
})

const tokenOf = (id: string): string => `token-of-${id}-in-the-matrix`

interface Cell {
  caller: Caller
  environment: string
  /** The credential that the request names; the environment's default if undefined. */
  credential: string | undefined
  name?: string
}

type Answer = 'not-found' | 'forbidden' | 'allowed'

const credentialOf = ({ environment, credential }: Cell): string => credential ?? allowed[environment]?.[0] ?? ''

/** Evaluates the policies, without Cedar, for an action in a cell of the matrix. */
function decision ({ caller, environment, name }: Cell, action: Action, credentialId: string): { allowed: boolean, policies: string[] } {
  return plainDecision(rules, { caller, action, credentialId, environment, ...(name !== undefined && { name }) })
}

function sees ({ caller, environment }: Cell): boolean {
  return (allowed[environment] ?? []).some((credentialId) => decision({ caller, environment, credential: undefined }, 'DescribeEnvironment', credentialId).allowed)
}

/** Returns the expected answer to a request that requires these actions. */
function expected (cell: Cell, actions: readonly Action[]): Answer {
  const credentialId = credentialOf(cell)
  if (!sees(cell)) return 'not-found'
  if (actions.includes('DescribeEnvironment')) return 'allowed'
  const isAllowed = allowed[cell.environment]?.includes(credentialId) ?? false
  return isAllowed && actions.every((action) => decision(cell, action, credentialId).allowed) ? 'allowed' : 'forbidden'
}

interface Request {
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
const onEnvironment: readonly Request[] = [
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
const onSecret: readonly Request[] = [
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

const awsCallsOnEnvironment: readonly Request[] = [
  awsCall(['ListSecrets'], 'ListSecrets'),
  awsCall(['GetRandomPassword'], 'GetRandomPassword'),
  awsCall(['BatchGetSecretValue'], 'BatchGetSecretValue', { Filters: [{ Key: 'name', Values: ['team-a/'] }] })
]

const awsCallsOnSecret: readonly Request[] = [
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
const promotion = (from = 'none'): Request => ({ requires: ['PromoteSecret'], method: 'POST', path: '/promotions', json: { from, names, dryRun: true } })

function cells (): Cell[] {
  return callers.flatMap((caller) => environments.flatMap((environment) =>
    Array.from(new Set([undefined, ...allowed[environment] ?? [], 'dev-account', 'prod-account', 'nobodys']), (credential) => ({ caller, environment, credential }))))
}

const described = ({ caller, environment, credential, name = '' }: Cell, { method, path = '', operation = method }: Request): string =>
  `${caller.id} ${operation} ${environment}/${name}${path} through ${credential ?? 'the default'}`

async function ask (gateway: Gateway, cell: Cell, { requires, method, path = '', json, type, operation }: Request): Promise<Reply> {
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

/** Returns the actions that the routes below `/environments/:env` declare. */
async function declaredActions (): Promise<string[]> {
  const found = new Set<string>()
  const fastify = Fastify(serverOptions('silent'))
  fastify.addHook('onRoute', ({ url, config }) => { if (url.includes('/:env')) found.add(config?.action ?? '') })
  await fastify.register(app, { config: liveConfig(configFrom(declared)) })
  await fastify.close()
  return [...found]
}

/** Classifies a reply. The request was authorized unless the code is `forbidden` or `not-found`. */
function answerIn ({ json }: Reply): Answer {
  return (['forbidden', 'not-found'] as const).find((code) =>
    json?.code === code || (json?.__type === 'AccessDeniedException' && json.Message.startsWith(`${catalogue[code].title}.`))) ?? 'allowed'
}

t.test('every caller, route, environment and credential, over HTTP', async (t) => {
  const gateway = await gatewayFor(t)
  const all = cells().flatMap((cell) => [
    ...[...onEnvironment, ...awsCallsOnEnvironment].map((request) => ({ cell, request })),
    ...names.flatMap((name) => [...onSecret, ...awsCallsOnSecret].map((request) => ({ cell: { ...cell, name }, request })))
  ]).map((one) => ({ ...one, wanted: expected(one.cell, one.request.requires) }))
  const taken = new Set<string>([...onEnvironment, ...onSecret, promotion()].flatMap(({ requires }) => requires))
  t.same((await declaredActions()).filter((action) => !taken.has(action)), [], 'the requests cover all actions that the routes of environments declare')

  const differences = async (wanted: readonly Answer[]): Promise<string[]> => {
    const found = await pMap(all.filter((one) => wanted.includes(one.wanted)), async ({ cell, request, wanted }) => {
      const answer = answerIn(await ask(gateway, cell, request))
      return answer === wanted ? [] : [`${described(cell, request)}: ${answer}, and not ${wanted}`]
    }, { concurrency: 4 })
    return found.flat()
  }
  t.same(await differences(['not-found', 'forbidden']), [])
  // Merge patches are among these requests. They require a second action, which is checked later, but still before AWS is called.
  t.same(gateway.awsCalls, [], 'AWS is not called for any of these')
  t.same(await differences(['allowed']), [])
  const counts = Map.groupBy(all, ({ wanted }) => wanted)
  t.comment(`${all.length} requests: ${[...counts].map(([wanted, { length }]) => `${length} ${wanted}`).join(', ')}`)
  for (const answer of ['not-found', 'forbidden', 'allowed'] as const) t.ok((counts.get(answer)?.length ?? 0) > 100, `the answer to many is ${answer}`)
})

t.test('every caller, action, environment and credential, and the policies that decide, by POST /authorization/check', async (t) => {
  const gateway = await gatewayFor(t)
  const questions = cells().flatMap((cell) => actionNames.flatMap((action) => actionTable[action].on.flatMap((on): (Cell & { action: Action })[] =>
    on === 'Secret' ? names.map((name) => ({ ...cell, name, action })) : on === 'Environment' ? [{ ...cell, action }] : [])))
  const found = await pMap(questions, async ({ action, ...cell }) => {
    const { caller, environment, credential: awsCredentialId, name } = cell
    const reply = await gateway.send('POST', '/authorization/check', { token: tokenOf(caller.id), json: { action, environment, name, awsCredentialId } })
    const wanted = expected(cell, [action])
    const credentialId = action === 'DescribeEnvironment' ? allowed[environment]?.find((id) => decision(cell, action, id).allowed) ?? '' : credentialOf(cell)
    const isAllowed = allowed[environment]?.includes(credentialId) ?? false
    const decided = { allowed: wanted === 'allowed', policies: isAllowed ? decision(cell, action, credentialId).policies : [] }
    const same = wanted === 'not-found' ? reply.json.code === 'not-found' : JSON.stringify(reply.json) === JSON.stringify(decided)
    return same ? [] : [`${caller.id} ${action} ${environment}/${name ?? ''} through ${awsCredentialId ?? 'the default'}: ${reply.text}, and not ${JSON.stringify(decided)}`]
  }, { concurrency: 4 })
  t.same(found.flat(), [])
  t.comment(`${questions.length} questions`)
  t.same(gateway.awsCalls, [])
})

t.test('every caller and pair of environments, in a promotion and in each of its items', async (t) => {
  const gateway = await gatewayFor(t)
  const answers = new Set<Answer>()
  for (const cell of cells()) {
    for (const from of environments.filter((environment) => environment !== cell.environment)) {
      const source = { ...cell, environment: from, credential: undefined }
      const inTarget = expected(cell, ['PromoteSecret'])
      const wanted = inTarget === 'allowed' ? expected(source, ['PromoteSecret']) : inTarget
      answers.add(wanted)
      const reply = await ask(gateway, cell, promotion(from))
      t.equal(answerIn(reply), wanted, described(cell, promotion(from)))
      if (wanted !== 'allowed') continue
      const items = reply.json.items as { name: string, problem: { code: string } }[]
      const may = names.filter((name) => [cell, source].every((one) => expected({ ...one, name }, ['PromoteSecret']) === 'allowed'))
      t.same(items.filter(({ problem }) => problem.code !== 'forbidden').map(({ name }) => name), may)
    }
  }
  t.equal(answers.size, 3)
})

t.test('every caller and environment, in an invalidation of the cache and in each of its items', async (t) => {
  const gateway = await gatewayFor(t)
  const answers = new Set<Answer>()
  for (const cell of callers.flatMap((caller) => environments.map((environment) => ({ caller, environment, credential: undefined })))) {
    const { caller, environment } = cell
    const wanted = expected(cell, ['InvalidateCache'])
    answers.add(wanted)
    const reply = await gateway.send('POST', '/cache/invalidations', { token: tokenOf(caller.id), json: { environment, secretIds: names } })
    t.equal(answerIn(reply), wanted, `${caller.id} in ${environment}`)
    if (wanted !== 'allowed') continue
    const items = reply.json.items as { name: string, problem?: object }[]
    const may = names.filter((name) => expected({ ...cell, name }, ['InvalidateCache']) === 'allowed')
    t.same(items.filter(({ problem }) => problem === undefined).map(({ name }) => name), may)
  }
  t.equal(answers.size, 3)
})

t.test('every caller, action and credential, on a credential itself', async (t) => {
  const gateway = await gatewayFor(t)
  const onCredential = actionNames.filter((action) => actionTable[action].on.includes('Credential'))
  for (const caller of callers) {
    for (const action of onCredential) {
      for (const awsCredentialId of [...Object.values(allowed).flat(), 'nobodys']) {
        const { json } = await gateway.send('POST', '/authorization/check', { token: tokenOf(caller.id), json: { action, awsCredentialId } })
        t.same(json, plainDecision(rules, { caller, action, credentialId: awsCredentialId }), `${caller.id} ${action} ${awsCredentialId}`)
      }
    }
  }
})

t.test('every caller, environment and secret, on the routes of AWS\'s agent', async (t) => {
  const gateway = await gatewayFor(t)
  const answers = new Set<Answer>()
  for (const { caller, environment, name } of callers.flatMap((caller) => environments.flatMap((environment) => names.map((name) => ({ caller, environment, name }))))) {
    const wanted = expected({ caller, environment, name, credential: undefined }, ['GetSecretValue'])
    answers.add(wanted)
    const { json } = await gateway.send('GET', `/v1/${environment}/${name}`, { token: null, headers: { 'x-vault-token': tokenOf(caller.id) } })
    // There are no secrets, so a permitted request gets the same reply as one for a hidden environment. Only the
    // permitted one calls AWS.
    const found = json.__type === 'AccessDeniedException' ? 'forbidden' : gateway.awsCalls.splice(0).length > 0 ? 'allowed' : 'not-found'
    t.equal(found, wanted, `${caller.id} reads ${environment}/${name}`)
  }
  t.equal(answers.size, 3)
})

t.test('every item of a request for many secrets', async (t) => {
  const gateway = await gatewayFor(t)
  for (const environment of Object.keys(allowed)) {
    const cell = { caller: callers[0] ?? { id: '', groups: [], method: 'api-key' }, environment, credential: undefined }
    await ask(gateway, cell, { requires: ['CreateSecret'], method: 'POST', path: '/secrets', json: { secrets: names.map((name) => ({ name, value: 'v' })) } })
  }
  gateway.catchUp()
  const items = async (cell: Cell, request: Request): Promise<{ name: string, result?: string, problem?: { code: string } }[]> => (await ask(gateway, cell, request)).json.items
  for (const cell of cells().filter((one) => allowed[one.environment] !== undefined)) {
    const may = (action: Action): string[] => names.filter((name) => expected({ ...cell, name }, [action]) === 'allowed')
    const refused = (list: Awaited<ReturnType<typeof items>>): string[] => list.filter(({ problem }) => problem?.code !== 'forbidden').map(({ name }) => name)
    if (expected(cell, ['ListSecrets']) === 'allowed') {
      const listed = await items(cell, { requires: ['ListSecrets'], method: 'GET', path: '/secrets?sort=name' })
      t.same(listed.map(({ name }) => name), may('DescribeSecret'), `the list of ${cell.caller.id} in ${cell.environment} through ${cell.credential ?? 'the default'}`)
    }
    if (expected(cell, ['BatchGetSecretValue']) === 'allowed') {
      t.same(refused(await items(cell, { requires: ['BatchGetSecretValue'], method: 'POST', path: '/values', json: { names } })), may('GetSecretValue'))
      const matching = await items(cell, { requires: ['BatchGetSecretValue'], method: 'POST', path: '/values', json: { filters: { namePrefix: 'team' } } })
      t.same(matching.map(({ name }) => name).sort(), may('GetSecretValue'))
    }
    if (expected(cell, ['CreateSecret']) === 'allowed') {
      t.same(refused(await items(cell, { requires: ['CreateSecret'], method: 'POST', path: '/secrets', json: { secretNames: names, dryRun: true } })), may('CreateSecret'))
    }
  }
})
