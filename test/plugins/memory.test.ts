import { once } from 'node:events'
import type { Socket } from 'node:net'
import t, { type Test } from 'tap'
import { build, declared, tokens, type Gateway } from '#test/helper'
import { connect, readReply, write, type RawReply, type RawRequest } from '#test/raw'
import { until } from '#test/until'

const mebibyte = 1024 * 1024
const path = '/environments/dev/secrets'

const start = async (t: Test): Promise<Gateway> =>
  build(t, { server: { ...declared.server, memory: { budgetBytes: 128 * mebibyte } } })

/** A bulk create that announces a body in its headers, but never sends it. */
const announced = (header: readonly [string, string], token: string = tokens.administrator): RawRequest => ({
  method: 'POST',
  path,
  headers: [['Authorization', `Bearer ${token}`], ['Content-Type', 'application/json'], ['Expect', '100-continue'], header]
})

/** Announces a body. Returns the connection if the gateway replies `100 Continue`, otherwise the reply. */
async function announce (t: Test, { url }: Gateway, request: RawRequest): Promise<RawReply | Socket> {
  const socket = await connect(url)
  t.teardown(() => { socket.destroy() })
  write(socket, request)
  const reply = await readReply(socket)
  return reply?.status === 100 ? socket : reply ?? socket
}

t.test('memory for a body is reserved before the body is read', async (t) => {
  const gateway = await start(t)
  const first = await announce(t, gateway, announced(['Content-Length', String(16 * mebibyte)]))
  t.notOk('status' in first, 'the longest body is accepted')

  for (const header of [['Content-Length', String(16 * mebibyte)], ['Content-Length', String(mebibyte)], ['Transfer-Encoding', 'chunked']] as const) {
    const refused = await announce(t, gateway, announced(header))
    t.match(refused, { status: 503, code: 'overloaded', head: /^retry-after: \d+$/m }, header.join(': '))
  }
  t.match(gateway.log.at(-1), '"reason":"requests and replies hold too much memory"')
  t.match(gateway.trail().at(-1), { event: 'denial', status: 503, code: 'overloaded' })
  t.equal((await gateway.send('POST', path, { json: { secretNames: ['a'] } })).status, 201, 'short bodies still have room')
  const other = await announce(t, gateway, announced(['Content-Length', String(mebibyte)], tokens.pipeline))
  t.notOk('status' in other, 'other callers have room')

  if ('destroy' in first) first.destroy()
  await until(async () => 'destroy' in await announce(t, gateway, announced(['Content-Length', String(8 * mebibyte)])))
})

t.test('values and long replies are refused if their caller holds too much memory', async (t) => {
  const gateway = await start(t)
  const secrets = Array.from({ length: 80 }, (_, index) => ({ name: `s${index}`, value: 'v', description: 'd'.repeat(1_000) }))
  t.equal((await gateway.send('POST', path, { json: { secrets } })).status, 201)
  gateway.catchUp()
  const names = secrets.map(({ name }) => name)
  const read = async (token: string): Promise<unknown> => (await gateway.send('POST', '/environments/dev/values', { json: { names }, token })).status
  const list = async (): Promise<unknown> => (await gateway.send('GET', path)).status

  const holding = await announce(t, gateway, announced(['Content-Length', String(16 * mebibyte)]))
  t.equal(await read(tokens.administrator), 503)
  t.equal(await read(tokens.reader), 200)
  t.equal(await list(), 200)
  await announce(t, gateway, announced(['Content-Length', '30000']))
  t.equal(await list(), 503)
  if ('destroy' in holding) holding.destroy()
  await until(async () => await list() === 200 && await read(tokens.administrator) === 200)
})

t.test('the memory for values is released if the caller closes the connection while they are read', async (t) => {
  const gateway = await start(t)
  const names = Array.from({ length: 10_000 }, (_, index) => `n${index}`)
  const body = JSON.stringify({ names })
  for (let count = 0; count < 20; count++) {
    const socket = await connect(gateway.url)
    const headers = [['Authorization', `Bearer ${tokens.administrator}`], ['Content-Type', 'application/json']] as const
    write(socket, { method: 'POST', path: '/environments/dev/values', headers, body })
    await until(() => gateway.trail().filter(({ event }) => event === 'intent').length > count)
    socket.destroy()
  }
  await until(async () => hasRoom(t, gateway))
})

/** Makes calls to AWS wait. Returns a function that lets them continue. */
function holdCalls ({ fastify }: Gateway): () => void {
  const opened = Promise.withResolvers<undefined>()
  fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add((next) => async (args) => {
    await opened.promise
    return next(args)
  }, { step: 'initialize' })
  return () => { opened.resolve(undefined) }
}

/** Returns true if there is room for the longest body. */
async function hasRoom (t: Test, gateway: Gateway): Promise<boolean> {
  const answer = await announce(t, gateway, announced(['Content-Length', String(16 * mebibyte)]))
  if ('destroy' in answer) answer.destroy()
  return 'destroy' in answer
}

t.test('a body is counted until its request has been handled, even if the caller has disconnected', async (t) => {
  const gateway = await start(t)
  const letContinue = holdCalls(gateway)
  const accepted = once(gateway.fastify.server, 'connection')
  const caller = await connect(gateway.url)
  const [connection] = await accepted as [Socket]
  // Because of the key, the secret is not read before it is written. A write is not aborted.
  const headers = [['Authorization', `Bearer ${tokens.administrator}`], ['Content-Type', 'application/json'], ['Idempotency-Key', 'k']] as const
  write(caller, { method: 'PUT', path: `${path}/a`, headers, body: JSON.stringify({ value: 'v'.repeat(60_000) }) })
  await until(() => gateway.trail().some(({ event }) => event === 'intent'))
  const closed = once(connection, 'close')
  caller.destroy()
  await closed
  t.notOk(await hasRoom(t, gateway))
  letContinue()
  await until(async () => hasRoom(t, gateway))
})

t.test('the body and the results of a job are counted until it has ended', async (t) => {
  const gateway = await start(t)
  const letContinue = holdCalls(gateway)
  const secrets = Array.from({ length: 20 }, (_, index) => ({ name: `s${index}`, value: 'v'.repeat(60_000) }))
  t.equal((await gateway.send('POST', path, { json: { secrets }, headers: { prefer: 'respond-async' } })).status, 202)
  t.notOk(await hasRoom(t, gateway))
  letContinue()
  await until(async () => hasRoom(t, gateway))
})

t.test('the memory for the results of ended jobs is limited, and a caller evicts its own jobs first', async (t) => {
  const gateway = await start(t)
  const runJob = async (count: number, token: string): Promise<string> => {
    const secretNames = Array.from({ length: count }, (_, index) => `n${index}`)
    const { headers } = await gateway.send('POST', path, { json: { secretNames }, headers: { prefer: 'respond-async' }, token })
    const job = headers.get('location') ?? ''
    await gateway.send('DELETE', job, { token })
    await until(async () => (await gateway.send('GET', job, { token })).json.state === 'ended')
    return job
  }
  const quiet = await runJob(10, tokens.administrator)
  const jobs: string[] = []
  for (let count = 0; count < 5; count++) jobs.push(await runJob(10_000, tokens.pipeline))
  const statusOf = async (job: string, token: string): Promise<number> => (await gateway.send('GET', job, { token })).status
  t.equal(await statusOf(quiet, tokens.administrator), 200)
  t.same(await Promise.all(jobs.map(async (job) => statusOf(job, tokens.pipeline))), [404, 404, 200, 200, 200])
})

t.test('all forms of bulk creates and promotions count towards one maximum of the caller', async (t) => {
  const gateway = await start(t)
  const letContinue = holdCalls(gateway)
  const form = async (name: string, headers: Record<string, string>): Promise<number> =>
    (await gateway.send('POST', path, { json: { secretNames: [name] }, headers })).status
  const promotion = async (): Promise<number> =>
    (await gateway.send('POST', '/environments/staging/promotions', { json: { from: 'dev', names: ['a'] } })).status
  const lines = { accept: 'application/x-ndjson' }
  const job = { prefer: 'respond-async' }

  const running = [form('a', {}), form('b', {}), form('c', lines), form('d', lines), form('e', job), form('f', job), promotion(), promotion()]
  await until(() => gateway.trail().filter(({ event }) => event === 'intent').length === running.length)
  t.same(await Promise.all([form('x', {}), form('x', lines), form('x', job), promotion()]), [503, 503, 503, 503])
  letContinue()
  t.same(await Promise.all(running), [201, 201, 200, 200, 202, 202, 200, 200])
  await until(async () => await form('y', {}) !== 503)
})
