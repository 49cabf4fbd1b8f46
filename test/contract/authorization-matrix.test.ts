import Fastify from 'fastify'
import pMap from 'p-map'
import t from 'tap'
import { app } from '#src/app'
import { actionNames, actionTable, type Action } from '#src/authorization/actions'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serverOptions } from '#src/http/server-options'
import { catalogue } from '#src/problems/catalogue'
import { declared, type Reply } from '#test/helper'
import { plainDecision } from '#test/plain-policies'
import {
  allowed, ask, awsCallsOnEnvironment, awsCallsOnSecret, callers, cells, credentialOf, decision, described, environments, expected, gatewayFor, names,
  onEnvironment, onSecret, promotion, rules, tokenOf, type Answer, type Cell, type Request
} from './matrix.ts'

/*
 * Tests every combination of four callers, all actions, three environments (two in separate accounts, and one that does not
 * exist) and up to five ways to choose a credential. The gateway's answer must match an evaluation of the policies without Cedar.
 */

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
  // Merge patches are among these requests. They require a second action, which is also checked before AWS is called.
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
    // There are no secrets, so a permitted request gets the same reply as a request for a hidden environment. Only the permitted
    // request calls AWS.
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
