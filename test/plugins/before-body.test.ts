import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { lingerBeforeClose } from '#src/http/linger'
import { build, policies, tokens, type Gateway } from '#test/helper'
import { connect, readReply, sendRaw, write, type RawRequest } from '#test/raw'

const secrets = '/environments/dev/secrets'
const json = ['Content-Type', 'application/json'] as const
const bearer = (token: string): readonly [string, string] => ['Authorization', `Bearer ${token}`]

/** The routes whose body is read only for callers who may perform the action. */
const routes: readonly [string, string][] = [
  ['PUT', `${secrets}/a`], ['PATCH', `${secrets}/a`], ['POST', `${secrets}/a`], ['POST', secrets], ['PUT', `${secrets}/a/tags`],
  ['POST', '/environments/dev/values'], ['POST', '/environments/dev/promotions']
]

/** Returns the connections that the gateway accepts from now on. */
function connectionsOf ({ fastify }: Gateway): Socket[] {
  const sockets: Socket[] = []
  fastify.server.on('connection', (socket) => { sockets.push(socket) })
  return sockets
}

t.test('a caller without permission is refused before the body is sent', async (t) => {
  const gateway = await build(t)
  const sockets = connectionsOf(gateway)
  for (const [method, path] of routes) {
    for (const [who, authorization, status] of [
      ['nobody', [], 401], ['a caller who does not see the environment', [bearer(tokens.stranger)], 404],
      ['a caller who sees it', [bearer(tokens.writer)], method === 'PUT' && path.endsWith('/a') ? undefined : 403]
    ] as const) {
      if (status === undefined) continue
      const length = ['Content-Length', '900000'] as const
      for (const expect of [[], [['Expect', '100-continue']]] as const) {
        // If the gateway read the body, it would wait for 900,000 bytes, none of which are sent.
        const reply = await sendRaw(gateway.url, { method, path, headers: [...authorization, json, length, ...expect] })
        t.match(reply, { status, head: /^connection: close\r?$/mi }, `${method} ${path}: ${who}`)
      }
    }
  }
  t.ok(sockets.length > 30)
  t.ok(sockets.every(({ bytesRead }) => bytesRead < 1_000), 'nothing but headers was received')
  t.same(gateway.awsCalls, [])
})

t.test('the reply to a caller without permission is the same for every body', async (t) => {
  const { send, trail } = await build(t)
  for (const [method, path] of routes) {
    for (const body of ['{"wrong":1}', '{', `{"secrets":[${Array(100).fill('{}').join()}]}`]) {
      const reply = await send(method, path, { token: tokens.stranger, headers: { 'content-type': 'application/json' }, body })
      t.match(reply, { status: 404, json: { code: 'not-found' } }, `${method} ${path}`)
      t.match(trail().at(-1), { event: 'denial', status: 404, caller: { id: 'stranger' }, decision: { allowed: false } })
    }
  }
  const reply = await send('POST', secrets, { token: tokens.writer, json: { secretNames: [1] } })
  t.match(reply, { status: 403, json: { code: 'forbidden' } })
  t.match(trail().at(-1), { event: 'denial', status: 403, action: 'CreateSecret', credential: 'dev-account', decision: { allowed: false } })
})

t.test('the gateway asks for a body only after it has checked everything that precedes the body', async (t) => {
  const gateway = await build(t)
  const ask = async (request: RawRequest): Promise<string[]> => {
    const socket = await connect(gateway.url)
    t.teardown(() => { socket.destroy() })
    write(socket, { ...request, headers: [bearer(tokens.administrator), ['Expect', '100-continue'], ...request.headers ?? []] })
    const first = await readReply(socket)
    if (first?.status !== 100) return [String(first?.status)]
    socket.write('{"value":"v"}')
    return ['100', String((await readReply(socket))?.status)]
  }
  const put = { method: 'PUT', path: `${secrets}/a` }
  const length = ['Content-Length', '13'] as const
  t.same(await ask({ ...put, headers: [json, length] }), ['100', '201'])
  for (const [what, request, status] of [
    ['a wrong name', { ...put, path: `${secrets}/a%20b`, headers: [json, length] }, '400'],
    ['a wrong query', { ...put, path: `${secrets}/a?x=1`, headers: [json, length] }, '400'],
    ['a wrong header', { ...put, headers: [json, length, ['Idempotency-Key', 'a b']] }, '400'],
    ['a wrong credential', { ...put, headers: [json, length, ['AWS-Credential-Id', 'a b']] }, '400'],
    ['a wrong media type', { ...put, headers: [['Content-Type', 'text/plain'], length] }, '415'],
    ['too long a body', { ...put, headers: [json, ['Content-Length', '2000000']] }, '413'],
    ['a route without a body', { method: 'DELETE', path: `${secrets}/a`, headers: [json, length] }, '400']
  ] as const) t.same(await ask(request), [status], what)
})

t.test('bulkCreateSecrets: the body may name the credential that the caller may use', async (t) => {
  const byCredential = policies(`
    @id("all-see") permit (principal, action == Action::"DescribeEnvironment", resource);
    @id("team") permit (principal == Caller::"team-service", action, resource) when { context.credential == Credential::"unknown-to-aws" };
  `)
  const { send, trail } = await build(t, { authorization: byCredential })
  const create = async (token: string, body: object, headers = {}): Promise<number> =>
    (await send('POST', secrets, { token, headers, json: { secretNames: ['a'], dryRun: true, ...body } })).status
  const named = { awsCredentialId: 'unknown-to-aws' }
  t.equal(await create(tokens.team, named), 200)
  t.equal(await create(tokens.team, {}), 403, 'the default one is known to be the actual one only after the body was read')
  t.match(trail().at(-1), { event: 'denial', credential: 'dev-account', decision: { allowed: false } })
  t.equal(await create(tokens.team, { secretNames: 1 }), 400)
  t.equal(await create(tokens.team, { secretNames: 1 }, { 'aws-credential-id': 'dev-account' }), 403, 'the header names another')
  t.match(trail().at(-1), { event: 'denial', credential: 'dev-account', decision: { allowed: false } })
  t.equal(await create(tokens.team, { secretNames: 1 }, { 'aws-credential-id': 'prod-account' }), 403, 'the environment does not allow it')
  t.match(trail().at(-1), { event: 'denial', credential: 'prod-account', decision: { allowed: false, policies: [] } })
  t.equal(await create(tokens.reader, { secretNames: 1, ...named }), 403, 'no credential')
})

/** Returns all data that the gateway sends on a connection until it closes the connection. */
async function rest (socket: Socket): Promise<string> {
  let all = ''
  for await (const chunk of socket) all += String(chunk)
  return all
}

const refusedPut = (length: number): RawRequest =>
  ({ method: 'PUT', path: `${secrets}/a`, headers: [bearer(tokens.stranger), json, ['Content-Length', String(length)]] })

t.test('after a refusal, the connection stays open only if the body is short', async (t) => {
  const gateway = await build(t)
  const socket = await connect(gateway.url)
  for (const length of [13, 65_536]) {
    // The body arrives after the reply. The gateway must discard it instead of parsing it as the next request.
    write(socket, refusedPut(length), 'keep-alive')
    t.match(await readReply(socket), { status: 404 }, `${length} bytes`)
    socket.write('v'.repeat(length))
  }
  const { length } = gateway.trail()
  write(socket, refusedPut(65_537), 'keep-alive')
  t.match(await readReply(socket), { status: 404, head: /^connection: close\r?$/mi })
  socket.write('v'.repeat(65_537))
  write(socket, { path: '/environments', headers: [bearer(tokens.administrator)] }, 'keep-alive')
  t.equal(await rest(socket), '', 'a longer one is the last on its connection')
  t.match(gateway.trail().slice(length), [{ status: 404 }], 'what follows it is not understood as a request')
  t.equal(gateway.trail().length, length + 1)
})

t.test('only a limited part of a refused body is received', async (t) => {
  const gateway = await build(t)
  const sockets = connectionsOf(gateway)
  const socket = await connect(gateway.url)
  socket.on('error', () => undefined)
  write(socket, refusedPut(900_000_000))
  t.match(await readReply(socket), { status: 404 })
  socket.resume()
  const piece = Buffer.alloc(64 * 1024)
  let sent = 0
  // Writes until a write fails because the gateway has closed the connection.
  while (await new Promise<boolean>((resolve) => { socket.write(piece, (error) => { resolve(error == null) }) })) sent += piece.length
  t.ok(sent > 0)
  t.ok((sockets[0]?.bytesRead ?? Infinity) < 2 * 1024 * 1024)
})

/** Opens a connection whose server side lingers before it closes. Returns the sockets of both sides. */
async function lingering (t: Test, limits?: { bytes: number, time: number }): Promise<{ client: Socket, server: Socket }> {
  const listener = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const address = listener.address()
  const accepted = once(listener, 'connection')
  const client = await connect(`http://127.0.0.1:${typeof address === 'object' ? address?.port ?? '' : ''}`)
  const [server] = await accepted as [Socket]
  t.teardown(() => {
    client.destroy()
    listener.close()
  })
  lingerBeforeClose(server, limits)
  return { client, server }
}

t.test('a connection that lingers ends when the client ends it, or when its time is up', async (t) => {
  const ended = await lingering(t)
  ended.server.destroySoon()
  ended.client.end()
  await once(ended.server, 'close')

  const { client, server } = await lingering(t, { bytes: 1, time: 1 })
  server.destroySoon()
  client.resume()
  await once(server, 'close')
  t.pass('although the client has neither sent anything nor closed the connection')
})
