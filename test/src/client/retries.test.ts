import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { createClient, type GatewayClient } from '#src/client/client'

/** Answers a request. `attempt` counts from 1. */
type Answer = (response: ServerResponse, attempt: number) => void

interface Scene {
  gateway: GatewayClient
  /** The requests that have arrived, each with its method and its body. */
  seen: string[]
  /** The time between the first two requests, in milliseconds. */
  pause: () => number
}

async function scene (t: Test, answer: Answer, retries = 2): Promise<Scene> {
  const seen: string[] = []
  const times: number[] = []
  const listen = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    times.push(performance.now())
    const attempt = times.length
    seen.push(`${request.method ?? ''} ${await text(request)}`.trim())
    response.setHeader('x-request-id', 'x')
    answer(response, attempt)
  }
  const server = createServer((request, response) => { void listen(request, response) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const gateway = createClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: 'token', retries })
  return { gateway, seen, pause: () => (times[1] ?? NaN) - (times[0] ?? NaN) }
}

const problem = (status: number, code: string, retryAfter?: number): Answer => (response) => {
  response.writeHead(status, { 'content-type': 'application/problem+json', ...retryAfter !== undefined && { 'retry-after': String(retryAfter) } })
  response.end(JSON.stringify({ type: 'x', title: 'x', status, detail: 'x', instance: 'x', code, requestId: 'x' }))
}

const written: Answer = (response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end('{"name":"a","arn":"arn"}')
}

const environments: Answer = (response) => { response.writeHead(200, { 'content-type': 'application/json' }).end('{"items":[]}') }

/** Answers the first requests with one answer, and all others with another answer. */
const then = (first: Answer, next: Answer, times = 1): Answer => (response, attempt) => { (attempt <= times ? first : next)(response, attempt) }

const broken: Answer = (response) => { response.destroy() }

const put = async (gateway: GatewayClient, key?: string): Promise<unknown> => gateway.PUT('/environments/{env}/secrets/{name}', {
  params: { path: { env: 'dev', name: 'a' }, header: { ...key !== undefined && { 'idempotency-key': key } } }, body: { value: 'v' }
})

t.test('a read is retried after the time that the gateway states', async (t) => {
  const { gateway, seen, pause } = await scene(t, then(problem(503, 'overloaded', 1), environments))
  t.match(await gateway.GET('/environments'), { data: { items: [] } })
  t.same(seen, ['GET', 'GET'])
  t.ok(pause() >= 990, String(pause()))
})

t.test('a failed connection is retried', async (t) => {
  const { gateway, seen } = await scene(t, then(broken, environments, 2))
  t.match(await gateway.GET('/environments'), { data: { items: [] } })
  t.equal(seen.length, 3)
})

t.test('a reply that breaks off is requested again', async (t) => {
  const partial: Answer = (response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '99' }).write('{"items":', () => { response.destroy() })
  }
  const { gateway, seen } = await scene(t, then(partial, environments))
  t.match(await gateway.GET('/environments'), { data: { items: [] } })
  t.equal(seen.length, 2)
})

t.test('the error of the last attempt is thrown', async (t) => {
  const { gateway, seen } = await scene(t, then(problem(503, 'overloaded', 0), problem(504, 'aws-timeout', 0), 2))
  await t.rejects(gateway.GET('/environments'), { code: 'aws-timeout' })
  t.equal(seen.length, 3)
})

for (const [title, answer, expected] of [
  ['a problem that time does not fix', problem(403, 'forbidden'), { code: 'forbidden' }],
  ['a problem without Retry-After', problem(502, 'credential-invalid'), { code: 'credential-invalid' }],
  ['a Retry-After that is too long', problem(503, 'overloaded', 61), { code: 'overloaded' }],
  ['another server', (response) => { response.removeHeader('x-request-id'); response.end() }, { name: 'GatewayUnreachable', isTemporary: false }]
] as readonly [string, Answer, { code: string } | { name: string, isTemporary: boolean }][]) {
  t.test(`${title}: one attempt`, async (t) => {
    const { gateway, seen } = await scene(t, answer)
    await t.rejects(gateway.GET('/environments'), expected)
    t.equal(seen.length, 1)
  })
}

t.test('a write is retried only if it can\'t be carried out twice', async (t) => {
  for (const [title, answer, key, attempts] of [
    ['with a key, after a problem', problem(503, 'overloaded', 0), 'key', 2],
    ['with a key, after a lost reply', broken, 'key', 2],
    ['without a key, after 429', problem(429, 'rate-limited', 0), undefined, 2],
    ['without a key, after another problem', problem(503, 'overloaded', 0), undefined, 1],
    ['without a key, after a lost reply', broken, undefined, 1]
  ] as const) {
    const { gateway, seen } = await scene(t, then(answer, written))
    const outcome = await put(gateway, key).then(() => 'written', () => 'failed')
    t.equal(outcome, attempts === 2 ? 'written' : 'failed', title)
    t.same(seen, Array.from({ length: attempts }, () => 'PUT {"value":"v"}'), `${title}: each attempt has the body`)
  }
})

t.test('by default, nothing is retried', async (t) => {
  const { gateway, seen } = await scene(t, then(problem(503, 'overloaded', 0), environments), 0)
  await t.rejects(gateway.GET('/environments'), { code: 'overloaded' })
  t.equal(seen.length, 1)
})

t.test('a pause ends when the request is aborted', async (t) => {
  const { gateway, seen } = await scene(t, problem(503, 'overloaded', 60))
  const start = performance.now()
  await t.rejects(gateway.GET('/environments', { signal: AbortSignal.timeout(200) }), { name: 'TimeoutError' })
  t.ok(performance.now() - start < 10_000)
  t.equal(seen.length, 1)
})
