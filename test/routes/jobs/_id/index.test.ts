import t from 'tap'
import { build, tokens, type Gateway, type Reply } from '#test/helper'
import { until } from '#test/until'

const path = '/environments/dev/secrets'
const respondAsync = { prefer: 'wait=5, Respond-Async' }

const start = async (gateway: Gateway, json: object, headers: Record<string, string> = {}, token: string = tokens.administrator): Promise<Reply> =>
  gateway.send('POST', path, { json, headers: { ...respondAsync, ...headers }, token })

const sum = (one: number, other: number): number => one + other

const locationOf = ({ headers }: Reply): string => headers.get('location') ?? ''

const names = (count: number): { secretNames: string[] } => ({ secretNames: Array.from({ length: count }, (_, index) => `n${index}`) })

/** Waits until the job has ended. */
async function ended (gateway: Gateway, job: string): Promise<Reply> {
  await gateway.send('GET', `${job}/events`)
  return gateway.send('GET', job)
}

t.test('readJob', async (t) => {
  const gateway = await build(t)
  const canary = 'canary-value-of-a-job'
  await gateway.send('POST', path, { json: { secretNames: ['exists'] } })
  const accepted = await start(gateway, { secrets: [{ name: 'a', value: canary }], secretNames: ['exists'] })
  t.equal(accepted.status, 202)
  t.equal(accepted.headers.get('preference-applied'), 'respond-async')
  t.match(locationOf(accepted), /^\/jobs\/[0-9a-f-]{36}$/)
  t.match(accepted.json, { state: 'running', environment: 'dev', total: 2 })

  const job = await ended(gateway, locationOf(accepted))
  t.match(job, {
    status: 200,
    json: {
      id: accepted.json.id,
      state: 'ended',
      total: 2,
      done: 2,
      status: 200,
      counts: { created: 1, failed: 1 },
      result: { dryRun: false, counts: { created: 1 }, items: [{ name: 'a', result: 'created' }, { name: 'exists', problem: { code: 'secret-exists' } }] }
    }
  })
  t.notMatch(JSON.stringify([accepted.json, job.json]) + gateway.log.join(''), canary)

  t.test('is visible only to its caller', async (t) => {
    const other = await gateway.send('GET', locationOf(accepted), { token: tokens.pipeline })
    const none = await gateway.send('GET', '/jobs/none', { token: tokens.pipeline })
    t.match(other, { status: 404, json: { ...none.json, instance: String, requestId: String } })
    t.same(Object.keys(other.json), Object.keys(none.json))
    for (const [method, path] of [['DELETE', ''], ['GET', '/events']] as const) {
      t.equal((await gateway.send(method, `${locationOf(accepted)}${path}`, { token: tokens.pipeline })).status, 404)
    }
    t.equal((await gateway.send('GET', locationOf(accepted), { token: null })).status, 401)
  })

  t.test('is the same for a retry with the same Idempotency-Key', async (t) => {
    const key = { 'idempotency-key': 'k' }
    const first = await start(gateway, names(3), key)
    t.equal(locationOf(await start(gateway, names(3), key)), locationOf(first))
    t.equal((await start(gateway, names(4), key)).status, 422)
    t.match((await ended(gateway, locationOf(first))).json, { status: 201 })
  })

  t.test('is a new job after a dry run or an incomplete run', async (t) => {
    const key = { 'idempotency-key': 'planned' }
    const plan = await start(gateway, { secretNames: ['planned'], dryRun: true }, key)
    const run = await start(gateway, { secretNames: ['planned'] }, key)
    t.not(locationOf(run), locationOf(plan))
    t.match((await ended(gateway, locationOf(run))).json, { counts: { created: 1 } })
    t.not(locationOf(await start(gateway, { secretNames: ['planned'], dryRun: true }, key)), locationOf(run))

    const failing = { 'idempotency-key': 'failing' }
    await gateway.send('PUT', `${path}/other`, { json: { value: 'v' } })
    const body = { secrets: [{ name: 'other', value: 'w' }] }
    t.match((await ended(gateway, locationOf(await start(gateway, body, failing)))).json, { counts: { failed: 1 } })
    await gateway.send('DELETE', `${path}/other?force=true`)
    t.match((await ended(gateway, locationOf(await start(gateway, body, failing)))).json, { counts: { created: 1 } })

    const stopped = { 'idempotency-key': 'stopped' }
    const many = { secretNames: names(400).secretNames.map((name) => `many/${name}`), settings: { concurrency: 1 } }
    const first = locationOf(await start(gateway, many, stopped))
    await until(async () => (await gateway.send('GET', first)).json.done > 0, 0)
    await gateway.send('DELETE', first)
    t.match((await ended(gateway, first)).json, { result: { stopped: 'cancelled' } })
    t.match((await ended(gateway, locationOf(await start(gateway, many, stopped)))).json, { counts: { created: 400 } })
  })

  t.test('is removed an hour after its end', async (t) => {
    gateway.setClock(2 * 60 * 60_000)
    t.equal((await gateway.send('GET', locationOf(accepted))).status, 200, 'a clock that is set ahead changes nothing')
    gateway.setClock(-2 * 60 * 60_000)
    gateway.advance(59 / 24 / 60)
    t.equal((await gateway.send('GET', locationOf(accepted))).status, 200)
    gateway.advance(2 / 24 / 60)
    t.equal((await gateway.send('GET', locationOf(accepted))).status, 404)
  })

  t.test('is named in the audit records of its requests', async (t) => {
    const { id } = accepted.json
    await gateway.send('DELETE', `/jobs/${id}`, { token: tokens.pipeline })
    const outcomes = gateway.trail().filter(({ event }) => event !== 'intent')
    const of = (operation: string): (string | undefined)[] => outcomes.filter((record) => record.operation === operation).map(({ job }) => job)
    t.ok(of('bulkCreateSecrets').includes(id))
    t.ok(of('readJob').includes(id))
    t.ok(of('followJob').includes(id))
    t.notOk(of('cancelJob').includes(id), 'the record of a refused request does not reveal whether the job exists')
  })

  t.test('every secret is in the audit trail before it is reported', async (t) => {
    const items = gateway.trail().filter(({ event, name }) => event === 'item' && (name === 'a' || name === 'exists'))
    t.match(items, [{ name: 'exists', result: 'created' }, { name: /a|exists/, decision: { allowed: true } }, { name: /a|exists/ }])
    t.ok(items.every(({ intent }) => typeof intent === 'number'))
  })
})

t.test('cancelJob', async (t) => {
  const gateway = await build(t)
  const job = locationOf(await start(gateway, { ...names(800), settings: { concurrency: 1 } }))
  await until(async () => (await gateway.send('GET', job)).json.done > 0, 0)
  const running = await gateway.send('GET', job)
  t.match(running.json, { state: 'running', secondsLeft: Number })
  t.equal(running.json.result, undefined)
  t.match(await gateway.send('DELETE', job), { status: 200, json: { state: 'stopping' } })
  const { json } = await ended(gateway, job)
  t.match(json, { state: 'ended', result: { stopped: 'cancelled' } })
  t.ok(json.counts.created > 0 && json.counts.notStarted > 0)
  t.equal(sum(json.counts.created, json.counts.notStarted), 800)
  const { json: { counts } } = await gateway.send('POST', path, { json: { ...names(800), dryRun: true, onConflict: 'skip' } })
  t.equal(counts.skipped, json.counts.created)
  t.match((await gateway.send('DELETE', job)).json, { state: 'ended', counts: json.counts })

  t.test('an atomic job is rolled back', async (t) => {
    const secretNames = Array.from({ length: 300 }, (_, index) => `atomic/${index}`)
    const job = locationOf(await start(gateway, { secretNames, atomic: true, settings: { concurrency: 2 } }))
    await until(async () => (await gateway.send('GET', job)).json.done > 0, 0)
    await gateway.send('DELETE', job)
    const { json } = await ended(gateway, job)
    t.match(json, { status: 409, counts: { created: 0 }, result: { stopped: 'cancelled' } })
    t.ok(json.counts.rolledBack > 0)
    t.same((await gateway.send('GET', `${path}?namePrefix=atomic/`)).json.items, [])
  })
})

t.test('the number of concurrent jobs is limited', async (t) => {
  const gateway = await build(t)
  const jobs = await Promise.all(Array.from({ length: 9 }, async () => start(gateway, { ...names(300), onConflict: 'skip', settings: { concurrency: 1 } })))
  t.same(jobs.map(({ status }) => status).sort(), [202, 202, 202, 202, 202, 202, 202, 202, 503])
  t.match(jobs.find(({ status }) => status === 503), { json: { code: 'overloaded' } })
  t.equal((await start(gateway, { secretNames: ['other'] }, {}, tokens.pipeline)).status, 202, 'the limit applies to each caller')
  await gateway.fastify.jobs.stop()
  t.equal((await start(gateway, names(1))).status, 503, 'no job is started during the shutdown')
})
