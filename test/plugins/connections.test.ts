import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { Declared } from '#src/config/config'
import { serverFrom } from '#src/config/server'
import { authority, serverPair } from '#test/certificates'
import { build, declared, tokens, type Gateway } from '#test/helper'
import { connect, readReply, write } from '#test/raw'
import { until } from '#test/until'

type Server = NonNullable<Declared['server']>
type Connections = NonNullable<Server['connections']>

const start = async (t: Test, connections: Connections, server: Server = {}): Promise<Gateway> =>
  build(t, { server: { ...declared.server, ...server, connections } })

/** Opens a connection from an address of this machine. */
async function from (t: Test, { url }: Gateway, localAddress = '127.0.0.1'): Promise<Socket> {
  const socket = connectTcp({ host: '127.0.0.1', port: Number(new URL(url).port), localAddress })
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  return socket
}

/** Sends a request on an open connection. Returns the status, or undefined if the connection has been closed. */
async function statusOn (socket: Socket): Promise<number | undefined> {
  try {
    write(socket, { path: '/health/live' }, 'keep-alive')
    return (await readReply(socket))?.status
  } catch {
    return undefined
  }
}

const refusals = ({ log }: Gateway): string[] => log.filter((line) => line.includes('connection refused'))

t.test('the number of connections is limited', async (t) => {
  const gateway = await start(t, { maximum: 3 })
  const sockets = [await from(t, gateway), await from(t, gateway), await from(t, gateway)]
  for (const socket of sockets) t.equal(await statusOn(socket), 200)
  for (const count of Array(10).keys()) t.equal(await statusOn(await from(t, gateway)), undefined, `attempt ${count}`)
  t.match(refusals(gateway)[0], '"reason":"too-many-connections"')
  t.ok(refusals(gateway).length < 10, 'not each of many refusals has its own line in the log')

  const [first] = sockets
  first?.destroy()
  await until(async () => await statusOn(await from(t, gateway)) === 200)
  t.equal(gateway.fastify.server.maxConnections, 3)
  const { current } = gateway.fastify.config
  gateway.fastify.config.replace({ ...current, server: { ...current.server, connections: { ...current.server.connections, maximum: 5 } } })
  t.equal(gateway.fastify.server.maxConnections, 5, 'a reload changes it')
})

t.test('the number of connections from one address is limited', async (t) => {
  const gateway = await start(t, { maximumPerAddress: 2 })
  const sockets = [await from(t, gateway), await from(t, gateway)]
  t.equal(await statusOn(await from(t, gateway)), undefined)
  t.match(refusals(gateway), [/"peer":"127\.0\.0\.1","reason":"too-many-connections-from-address","refused":1/])
  for (const socket of [...sockets, await from(t, gateway, '127.0.0.2')]) t.equal(await statusOn(socket), 200, 'another address has its own count')
  sockets[0]?.destroy()
  await until(async () => await statusOn(await from(t, gateway)) === 200)
})

t.test('trusted proxies may have any number of connections', async (t) => {
  const gateway = await start(t, { maximumPerAddress: 1 }, { trustedProxies: ['127.0.0.2'] })
  for (const count of Array(3).keys()) t.equal(await statusOn(await from(t, gateway, '127.0.0.2')), 200, `connection ${count}`)
  const direct = await from(t, gateway)
  t.equal(await statusOn(await from(t, gateway)), undefined)
  t.equal(await statusOn(direct), 200)
})

t.test('a request that does not arrive in time is refused, and its connection is closed', async (t) => {
  const gateway = await start(t, { headersTimeoutSeconds: 0.2, requestTimeoutSeconds: 0.4 })
  const head = `Host: gateway.test\r\nAuthorization: Bearer ${tokens.administrator}\r\nContent-Type: application/json\r\n`
  for (const [what, text] of [
    ['nothing', ''],
    ['a part of the headers', `GET /environments HTTP/1.1\r\n${head}`],
    ['a part of the body', `PUT /environments/dev/secrets/a HTTP/1.1\r\n${head}Content-Length: 13\r\n\r\n{"val`]
  ] as const) {
    const { length } = gateway.trail()
    const socket = await from(t, gateway)
    socket.write(text)
    t.match(await readReply(socket), { status: 408, code: 'request-timeout' }, what)
    await until(() => socket.resume().destroyed)
    const records = gateway.trail().slice(length)
    t.match(records.find(({ status }) => status === 408), { event: 'denial', code: 'request-timeout' }, `${what}: it is recorded`)
  }
  t.same(gateway.awsCalls, [])
})

t.test('a connection whose TLS handshake takes too long is closed', async (t) => {
  const issuer = await authority()
  const pair = await serverPair(issuer)
  const folder = t.testdir({ 'cert.pem': pair.cert, 'key.pem': pair.key })
  const tls = { certificateFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  const gateway = await start(t, { handshakeTimeoutSeconds: 0.2, maximumPerAddress: 1 }, { tls })
  const socket = await from(t, gateway)
  await from(t, gateway)
  // A connection counts towards the limit even before its handshake, so the second connection is refused.
  await until(() => refusals(gateway).length === 1)
  await until(() => socket.resume().destroyed)
  await until(() => gateway.trail().some(({ event, reason }) => event === 'denial' && reason === 'ERR_TLS_HANDSHAKE_TIMEOUT'))

  const client = await connect(gateway.url, { ca: issuer.cert })
  t.teardown(() => { client.destroy() })
  t.equal(await statusOn(client), 200)
  const { current } = gateway.fastify.config
  const change = serverFrom({ tls, connections: { handshakeTimeoutSeconds: 1 } }, '.')
  t.throws(() => { gateway.fastify.config.replace({ ...current, server: change }) }, /^server\.connections\.handshakeTimeoutSeconds: found 1, expected 0\.2, the same as at the start/)
})

/** Sends requests for large replies, and reads nothing. */
async function askWithoutReading (t: Test, gateway: Gateway): Promise<Socket> {
  const socket = await from(t, gateway)
  socket.write('GET /openapi.json HTTP/1.1\r\nHost: gateway.test\r\n\r\n'.repeat(60))
  return socket
}

for (const [what, limits] of Object.entries({
  'in time': { replyTimeoutSeconds: 0.5 },
  'and there are too many of them': { unsentBytes: 1 }
} satisfies Record<string, Connections>)) {
  t.test(`clients that do not read their replies ${what} are cut off`, async (t) => {
    const gateway = await start(t, limits)
    await Promise.all([askWithoutReading(t, gateway), askWithoutReading(t, gateway), askWithoutReading(t, gateway)])
    const cutOff = (): number => gateway.log.filter((line) => line.includes('"reason":"reply-not-read"')).length
    await until(() => cutOff() === 3)
    t.equal(await statusOn(await from(t, gateway)), 200)
    await until(async () => await new Promise<number>((resolve) => { gateway.fastify.server.getConnections((_, count) => { resolve(count) }) }) === 1)
    t.equal(cutOff(), 3, 'the client that reads is not cut off')
  })
}

t.test('a caller may follow its jobs with a limited number of event streams', async (t) => {
  const gateway = await start(t, { eventStreamsPerCaller: 2 })
  const json = { secretNames: Array.from({ length: 300 }, (_, index) => `n${index}`), settings: { concurrency: 1 } }
  const accepted = await gateway.send('POST', '/environments/dev/secrets', { json, headers: { prefer: 'respond-async' } })
  const path = `${accepted.headers.get('location') ?? ''}/events`
  const headers = [['Authorization', `Bearer ${tokens.administrator}`]] as const
  const streams = [await from(t, gateway), await from(t, gateway)]
  for (const socket of streams) write(socket, { path, headers })
  for (const socket of streams) t.match(await readReply(socket), { status: 200 })
  t.match(await gateway.send('GET', path), { status: 429, json: { code: 'rate-limited' } })
  t.match(gateway.log.join(''), '"reason":"event-streams"')
  for (const socket of streams) socket.destroy()
  await until(async () => (await gateway.send('GET', path)).status === 200)
})
