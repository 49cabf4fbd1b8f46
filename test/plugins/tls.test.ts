import { writeFile } from 'node:fs/promises'
import { connect as connectTcp, type Socket } from 'node:net'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { configFrom, type Declared } from '#src/config/config'
import { serverFrom } from '#src/config/server'
import { authority, serverPair, type Authority } from '#test/certificates'
import { build, declared, type Gateway } from '#test/helper'
import { connect, readReply, sendRaw, write, type RawReply, type TlsClient } from '#test/raw'
import { until } from '#test/until'

interface Setup {
  gateway: Gateway
  servers: Authority
  clients: Authority
  folder: string
  /** Issues a client certificate with a SPIFFE ID that ends in `path`. */
  client: (issuer?: Authority, path?: string) => Promise<TlsClient>
  /** Reloads the certificate files, as SIGHUP does. */
  reload: (tls?: object) => void
}

const callers = ['spiffe://example.org/payments', 'spiffe://example.org/reports']

async function setUp (t: Test, { required = true } = {}): Promise<Setup> {
  const [servers, clients] = [await authority('CN=Servers'), await authority('CN=Clients')]
  const pair = await serverPair(servers)
  const folder = t.testdir({ 'server.pem': pair.cert, 'server-key.pem': pair.key, 'clients.pem': clients.cert })
  const tls = { certificateFile: 'server.pem', keyFile: 'server-key.pem', clientCertificates: { authorityFile: 'clients.pem', required } }
  const files = Object.fromEntries(Object.entries(tls).map(([key, value]) => [key, typeof value === 'string' ? join(folder, value) : { ...value, authorityFile: join(folder, value.authorityFile) }]))
  const change = (changed: object): Partial<Declared> => ({
    server: { tls: { ...files, ...changed } } as NonNullable<Declared['server']>,
    authentication: { ...declared.authentication, groups: { administrators: { callers } } }
  })
  const gateway = await build(t, change({}))
  return {
    gateway,
    servers,
    clients,
    folder,
    client: async (issuer = clients, path = 'payments') =>
      ({ ca: servers.cert, ...await issuer.issue([{ type: 'url', value: `spiffe://example.org/${path}` }]) }),
    reload: (changed = {}) => {
      const { server } = configFrom({ ...declared, ...change(changed) })
      gateway.fastify.config.replace({ ...gateway.fastify.config.current, server })
    }
  }
}

const request = { path: '/environments' }

/** Sends a request on a keep-alive connection. */
async function ask (socket: Socket): Promise<RawReply | undefined> {
  write(socket, request, 'keep-alive')
  return readReply(socket)
}

t.test('a client certificate identifies the caller for as long as it is valid', async (t) => {
  const { gateway, client } = await setUp(t)
  const socket = await connect(gateway.url, await client())
  t.teardown(() => { socket.destroy() })
  t.match(await ask(socket), { status: 200 })
  t.match(gateway.log.join(''), '"caller":"spiffe://example.org/payments"')
  gateway.advance(2 / 24)
  t.match(await ask(socket), { status: 401 }, 'a connection does not outlive its certificate')
})

t.test('a client can\'t change its certificate during a connection', async (t) => {
  const { gateway, client } = await setUp(t)
  const { port } = new URL(gateway.url)
  const socket = connectTls({ port: Number(port), host: '127.0.0.1', servername: 'localhost', maxVersion: 'TLSv1.2', ...await client() })
  t.teardown(() => { socket.destroy() })
  await once(socket, 'secureConnect')
  t.match(await ask(socket), { status: 200 })
  const renegotiated = new Promise<boolean>((resolve) => {
    socket.on('error', () => { resolve(false) })
    socket.renegotiate({}, (error) => { resolve(error === null) })
  })
  t.equal(await renegotiated, false)
})

t.test('a handshake fails if the client\'s certificate authority is removed before it completes', async (t) => {
  const { gateway, folder, client, reload } = await setUp(t)
  const former = await client()
  const { port } = new URL(gateway.url)
  const tcp = connectTcp(Number(port), '127.0.0.1')
  await once(gateway.fastify.server, 'connection')
  await writeFile(join(folder, 'clients.pem'), (await authority('CN=Later')).cert)
  reload()
  const socket = connectTls({ socket: tcp, servername: 'localhost', ...former })
  const isDone = await new Promise<boolean>((resolve) => {
    socket.once('secureConnect', () => { resolve(true) })
    socket.once('error', () => { resolve(false) })
    socket.once('close', () => { resolve(false) })
  })
  t.equal(isDone, false)
  t.equal(await sendRaw(gateway.url, request, former), undefined)
})

t.test('a failed handshake is recorded, and an aborted one is not', async (t) => {
  const { gateway } = await setUp(t)
  const { port } = new URL(gateway.url)
  const leave = connectTcp(Number(port), '127.0.0.1')
  await once(leave, 'connect')
  leave.destroy()

  const plain = connectTcp(Number(port), '127.0.0.1')
  t.teardown(() => { plain.destroy() })
  plain.write('GET /environments HTTP/1.1\r\n\r\n')
  plain.resume()
  await once(plain, 'close')
  const denials = (): unknown[] => gateway.trail().filter(({ event }) => event === 'denial')
  await until(() => denials().length > 0)
  t.match(denials(), [{ peer: '127.0.0.1', code: 'unauthenticated', reason: 'ERR_SSL_HTTP_REQUEST' }])
})

t.test('an unexpected error while a refusal is recorded does not end the process', async (t) => {
  const { gateway } = await setUp(t)
  const defects = (): string[] => gateway.log.filter((line) => line.includes('connection failed'))
  Object.assign(gateway.fastify.audit, { append: async () => { throw new TypeError('canary') } })
  const plain = connectTcp(Number(new URL(gateway.url).port), '127.0.0.1')
  t.teardown(() => { plain.destroy() })
  plain.write('GET /environments HTTP/1.1\r\n\r\n')
  await until(() => defects().length === 1)
  t.notMatch(defects().join(''), 'canary')
})

t.test('the gateway\'s own certificate is replaced without a restart, and open connections stay open', async (t) => {
  const { gateway, folder, client, reload } = await setUp(t)
  const mine = await client()
  const socket = await connect(gateway.url, mine)
  t.teardown(() => { socket.destroy() })
  t.match(await ask(socket), { status: 200 })

  const others = await authority('CN=Others')
  const pair = await serverPair(others)
  await Promise.all([writeFile(join(folder, 'server.pem'), pair.cert), writeFile(join(folder, 'server-key.pem'), pair.key)])
  reload()
  t.match(await ask(socket), { status: 200 })
  t.equal(await sendRaw(gateway.url, request, mine), undefined, 'the old certificate is no longer used')
  t.match(await sendRaw(gateway.url, request, { ...mine, ca: others.cert }), { status: 200 })
})

t.test('a removed certificate authority immediately stops being trusted', async (t) => {
  const { gateway, folder, client, reload } = await setUp(t)
  const [former, authorityOfLater] = [await client(), await authority('CN=Later')]
  const later = await client(authorityOfLater, 'reports')
  const session = await sessionOf(gateway.url, former)
  t.match(await resumed(gateway.url, former, session), { reply: { status: 200 }, wasResumed: true }, 'a session can be resumed')

  const [idle, fresh, busy] = [await connect(gateway.url, former), await connect(gateway.url, former), await connect(gateway.url, former)]
  t.teardown(() => { for (const socket of [idle, fresh, busy]) socket.destroy() })
  t.match(await ask(idle), { status: 200 })
  const body = '{"value":"v"}'
  const put = { method: 'PUT', path: '/environments/dev/secrets/a', headers: [['Expect', '100-continue'], ['Content-Type', 'application/json'], ['Content-Length', String(body.length)]] } as const
  write(busy, put, 'keep-alive')
  t.match(String((await once(busy, 'data'))[0]), 'HTTP/1.1 100 Continue', 'the request has started')

  await writeFile(join(folder, 'clients.pem'), authorityOfLater.cert)
  reload()
  busy.write(body)
  const reply = await readReply(busy)
  t.match(reply, { status: 201, head: /^connection: close$/mi }, 'a request that has started is completed, and is the last on its connection')
  t.equal(await ask(idle).catch(() => undefined), undefined, 'an idle connection is closed')
  t.match(await ask(fresh), { status: 401, head: /^connection: close$/mi })
  t.equal(await sendRaw(gateway.url, request, former), undefined)
  t.match(await resumed(gateway.url, former, session), { reply: undefined }, 'a session can\'t be resumed after its authority was removed')
  t.match(await sendRaw(gateway.url, request, later), { status: 200 })
})

/** Returns a TLS session that a later connection of the same client can resume. */
async function sessionOf (url: string, client: TlsClient): Promise<Buffer> {
  const { hostname: host, port } = new URL(url)
  const socket = connectTls({ host, port: Number(port), servername: 'localhost', ...client })
  const [session] = await once(socket, 'session') as [Buffer]
  socket.destroy()
  return session
}

async function resumed (url: string, client: TlsClient, session: Buffer): Promise<{ reply: RawReply | undefined, wasResumed: boolean }> {
  const { hostname: host, port } = new URL(url)
  const socket = connectTls({ host, port: Number(port), servername: 'localhost', session, ...client })
  try {
    await once(socket, 'secureConnect')
    return { reply: await ask(socket), wasResumed: socket.isSessionReused() }
  } catch {
    return { reply: undefined, wasResumed: false }
  } finally {
    socket.destroy()
  }
}

t.test('settings that require a restart are not changed by a reload', async (t) => {
  const { gateway, reload } = await setUp(t)
  t.throws(() => { reload({ clientCertificates: undefined }) }, /server\.tls: found TLS without client certificates, expected TLS with client certificates that are required, the same as at the start/)
  const { current } = gateway.fastify.config
  t.throws(() => { gateway.fastify.config.replace({ ...current, server: serverFrom({}, '.') }) }, /server\.tls: found no TLS, expected /)
  const plain = await build(t)
  t.throws(() => { plain.fastify.config.replace({ ...plain.fastify.config.current, server: current.server }) }, /expected no TLS, the same as at the start/)
})
