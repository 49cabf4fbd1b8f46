import { createServer, type RequestListener } from 'node:http'
import t, { type Test } from 'tap'
import { createClient, GatewayProblem, GatewayUnreachable, reply } from '#src/client/client'
import { build, caching, tokens } from '#test/helper'

t.test('names and values survive a round trip', async (t) => {
  const { url } = await build(t)
  const gateway = createClient({ url: `${url}/`, token: tokens.administrator })
  const params = { path: { env: 'dev', name: 'payments/db+1@a=b' } }
  const written = await reply(gateway.POST('/environments/{env}/secrets/{name}', { params, body: { value: 'v' } }))
  t.equal(written.name, params.path.name)
  const read = await reply(gateway.GET('/environments/{env}/secrets/{name}', { params }))
  t.match(read, { value: 'v', versionId: written.versionId })
  const conditional = { params: { ...params, header: { 'if-none-match': `"${written.versionId ?? ''}"` } }, parseAs: 'text' } as const
  t.equal((await gateway.GET('/environments/{env}/secrets/{name}', conditional)).response.status, 304)
  await t.rejects(reply(gateway.GET('/environments/{env}/secrets/{name}', conditional)), new TypeError('The reply has no body'))
  for (const name of ['', '.', '..']) {
    await t.rejects(gateway.GET('/environments/{env}/secrets/{name}', { params: { path: { env: 'dev', name } } }), RangeError)
  }
})

t.test('a conditional read does not make the gateway call AWS', async (t) => {
  const { url, send, advance } = await build(t, caching)
  await send('PUT', '/environments/dev/secrets/a', { json: { value: 'v' } })
  advance(1 / 24)
  const gateway = createClient({ url, token: tokens.administrator })
  const path = { env: 'dev', name: 'a' }
  const { versionId } = await reply(gateway.GET('/environments/{env}/secrets/{name}', { params: { path } }))
  const { response } = await gateway.GET('/environments/{env}/secrets/{name}', { params: { path, header: { 'if-none-match': `"${versionId}"` } } })
  t.equal(response.status, 304)
  t.match(response.headers.get('cache-status'), /; hit; ttl=/)
})

t.test('a value may be an object with any members', async (t) => {
  const { url } = await build(t)
  const gateway = createClient({ url, token: tokens.administrator })
  const params = { path: { env: 'dev', name: 'object' } }
  const value = { user: 'a', port: 5432, options: { ssl: true, hosts: ['a', null] } }
  await reply(gateway.POST('/environments/{env}/secrets/{name}', { params, body: { value } }))
  await reply(gateway.PUT('/environments/{env}/secrets/{name}', { params, body: { value: { ...value, port: 1 } } }))
  await reply(gateway.PATCH('/environments/{env}/secrets/{name}', { params, body: { value } }))
  await reply(gateway.POST('/environments/{env}/secrets', { params: { path: { env: 'dev' } }, body: { secrets: [{ name: 'bulk', value }] } }))
  t.equal((await reply(gateway.GET('/environments/{env}/secrets/{name}', { params }))).value, JSON.stringify(value))
  // @ts-expect-error -- a number is not a valid value
  await t.rejects(gateway.PUT('/environments/{env}/secrets/{name}', { params, body: { value: 1 } }), { code: 'invalid-request' })
})

t.test('throws a problem with all its members', async (t) => {
  const { url } = await build(t)
  const gateway = createClient({ url, token: tokens.administrator })
  const problem: unknown = await gateway.GET('/environments/{env}/secrets/{name}', { params: { path: { env: 'dev', name: 'none' } } }).catch((error: unknown) => error)
  t.ok(problem instanceof GatewayProblem)
  t.match(problem, { code: 'secret-not-found', status: 404, requestId: /^[\w-]{36}$/, awsRequestId: /\S/, errors: [], retryAfter: undefined, message: /^There is no such secret: / })
  const invalid: unknown = await gateway.POST('/environments/{env}/secrets', { params: { path: { env: 'dev' } }, body: { secretNames: [] } }).catch((error: unknown) => error)
  t.match(invalid, { code: 'invalid-request', status: 400, errors: [{ in: 'body' }] })
})

/** Starts an HTTP server that runs until the test ends, and returns its URL. */
const served = async (t: Test, listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port ?? 0 : 0}`
}

t.test('rejects replies that do not come from a gateway', async (t) => {
  const asked: (string | undefined)[] = []
  const other = await served(t, (request, response) => { asked.push(request.headers.authorization); response.end('{}') })
  const list = async (url: string): Promise<unknown> => reply(createClient({ url, token: 'canary' }).GET('/environments'))
  await t.rejects(list(other), { name: 'GatewayUnreachable', message: /is not a secrets gateway \(status 200\)/ })
  asked.length = 0
  const redirecting = await served(t, (_, response) => response.writeHead(302, { location: other }).end())
  await t.rejects(list(redirecting), GatewayUnreachable)
  t.same(asked, [], 'the token is not sent to the redirect\'s target')
  const silent = await served(t, (_, response) => response.writeHead(502, { 'x-request-id': 'a' }).end('<html>'))
  await t.rejects(list(silent), { message: /answered with status 502 and no explanation/ })
  const busy = await served(t, (_, response) => response.writeHead(503, { 'x-request-id': 'a', 'retry-after': '7', 'content-type': 'application/problem+json' })
    .end(JSON.stringify({ type: 'urn:a', code: 'overloaded', title: 'T', detail: 'D', instance: 'urn:b', requestId: 'a', status: 503 })))
  await t.rejects(list(busy), { code: 'overloaded', retryAfter: 7, message: 'T: D' })
  const empty = await served(t, (_, response) => response.writeHead(204, { 'x-request-id': 'a' }).end())
  await t.rejects(list(empty), { name: 'GatewayUnreachable', message: /it has a body that is not JSON$/ })
  await t.rejects(list('http://127.0.0.1:1'), GatewayUnreachable)
  const json = { 'x-request-id': 'a', 'content-type': 'application/json' }
  const cutOff = await served(t, (_, response) => { response.writeHead(200, json).write('{"items":[', () => { response.destroy() }) })
  await t.rejects(list(cutOff), { name: 'GatewayUnreachable', message: /broke off/ })
  const garbled = await served(t, (_, response) => response.writeHead(200, json).end('{"value":"canary'))
  await t.rejects(list(garbled), { name: 'GatewayUnreachable', message: /sent invalid JSON$/ })
})

t.test('rejects replies whose JSON has other types than the API\'s', async (t) => {
  let body: unknown
  let head: { status: number, headers?: Record<string, string> } = { status: 200 }
  const url = await served(t, (_, response) => {
    response.writeHead(head.status, { 'x-request-id': 'a', 'content-type': 'application/json', ...head.headers }).end(JSON.stringify(body))
  })
  const gateway = createClient({ url, token: 'canary' })
  const params = { path: { env: 'dev', name: 'a' } }
  const list = async (): Promise<unknown> => reply(gateway.GET('/environments/{env}/secrets', { params }))
  const secret = { name: 'a', arn: 'arn', state: 'active' }
  for (const [pointer, sent] of [
    ['root', null], ['root', []], ['root', 'text'], ['root', 7], ['/items', {}], ['/items', { items: null }], ['/items', { items: { 0: secret } }],
    ['/items/1', { items: [secret, 'a'] }], ['/items/0/name', { items: [{ ...secret, name: 7 }] }], ['/items/0/arn', { items: [{ ...secret, arn: undefined }] }],
    ['/items/0/tags/a', { items: [{ ...secret, tags: { a: null } }] }], ['/items/0/versions/a/0', { items: [{ ...secret, versions: { a: [1] } }] }],
    ['/items/0/rotation/enabled', { items: [{ ...secret, rotation: { enabled: 'yes' } }] }], ['/nextCursor', { items: [], nextCursor: 7 }]
  ] as const) {
    body = sent
    await t.rejects(list(), { name: 'GatewayUnreachable', message: `The reply from ${url} is not that of a secrets gateway: it has JSON without a valid ${pointer}` }, pointer)
  }
  body = { items: [{ ...secret, tags: { toString: 'a' }, added: null }], further: 1 }
  t.same(await list(), JSON.parse(JSON.stringify(body)), 'a newer gateway may send further members')

  head = { status: 200, headers: { 'content-type': 'text/plain' } }
  await t.rejects(list(), { name: 'GatewayUnreachable', message: /a body that is not JSON$/ })
  head = { status: 304 }
  body = undefined
  await t.rejects(list(), { name: 'GatewayUnreachable', message: /the status 304, which was not asked for$/ })
  head = { status: 202 }
  body = { name: 'a', arn: 'arn' }
  t.match(await reply(gateway.POST('/environments/{env}/secrets/{name}', { params, body: { value: 'v' } })), body, 'another status of success')
  head = { status: 400, headers: { 'content-type': 'application/problem+json' } }
  body = { type: 'a', code: 'b', title: 7, detail: 'd', instance: 'e', requestId: 'f', status: 400 }
  await t.rejects(list(), { name: 'GatewayUnreachable', message: /answered with status 400 and no explanation$/ })
})

t.test('stops reading a JSON reply that is too large', async (t) => {
  const closed = Promise.withResolvers<unknown>()
  const url = await served(t, (_, response) => {
    response.writeHead(200, { 'x-request-id': 'a', 'content-type': 'application/json' })
    response.once('close', () => { closed.resolve(undefined) })
    const write = (): void => { response.write(' '.repeat(1_000), () => { if (!response.destroyed) setImmediate(write) }) }
    write()
  })
  const list = createClient({ url, token: 'canary', maximumReplyBytes: 100_000 }).GET('/environments')
  await t.rejects(list, { name: 'GatewayUnreachable', message: `The reply from ${url} is larger than 100000 bytes` })
  await closed.promise
  const body = JSON.stringify({ items: [] })
  const exact = await served(t, (_, response) => response.writeHead(200, { 'x-request-id': 'a', 'content-type': 'application/json' }).end(body))
  t.same(await reply(createClient({ url: exact, token: 'canary', maximumReplyBytes: body.length }).GET('/environments')), { items: [] })
  await t.rejects(createClient({ url: exact, token: 'canary', maximumReplyBytes: body.length - 1 }).GET('/environments'), GatewayUnreachable)
})
