import { createServer as createPlain } from 'node:http'
import { createServer as createTls } from 'node:https'
import { createServer as createTcp, type AddressInfo, type Server, type Socket } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import t, { type Test } from 'tap'
import { monotonic } from '#src/clock'
import { reach, type Reached, type Unreached } from '#src/doctor/reach'
import { authority, serverPair } from '#test/certificates'
import { hangTimeout } from '#test/raw'

const visit = async (origin: string, limit = hangTimeout): Promise<Reached | Unreached> => reach(origin, limit, { now: Date.now, monotonic })

async function listening (t: Test, server: Server, host = '127.0.0.1'): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => { sockets.add(socket.on('error', () => undefined)) })
  await new Promise<void>((resolve) => { server.listen(0, host, resolve) })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

t.test('a reply of any status is enough', async (t) => {
  const port = await listening(t, createPlain((request, response) => {
    t.match([request.method, request.url, request.headers.host, request.headers.authorization], ['GET', '/', `localhost:${port}`, undefined])
    response.writeHead(404).end()
  }), 'localhost')
  const { milliseconds, ahead } = await visit(`http://localhost:${port}`) as Reached
  t.ok(milliseconds >= 0)
  t.ok(Math.abs(ahead ?? NaN) < hangTimeout, 'the clock is the same')
})

t.test('a reply over TLS', async (t) => {
  const issuer = await authority()
  const before = getCACertificates('default')
  setDefaultCACertificates([...before, issuer.cert])
  t.teardown(() => { setDefaultCACertificates(before) })
  const port = await listening(t, createTls(await serverPair(issuer), (_, response) => { response.end() }))
  for (const host of ['localhost', '127.0.0.1']) t.match(await visit(`https://${host}:${port}`), { milliseconds: Number, ahead: Number })
})

t.test('IPv6', async (t) => {
  const port = await listening(t, createPlain((_, response) => { response.end() }), '::1')
  t.match(await visit(`http://[::1]:${port}`), { milliseconds: Number })
})

t.test('a reply without a date tells nothing about the clock', async (t) => {
  const port = await listening(t, createPlain((_, response) => {
    response.sendDate = false
    response.end()
  }))
  t.same(Object.keys(await visit(`http://127.0.0.1:${port}`)), ['milliseconds'])
})

t.test('each step can fail', async (t) => {
  t.match(await visit(`https://${'x'.repeat(64)}.test`), { failed: 'name' })
  t.same(await visit('http://127.0.0.1:2'), { failed: 'connection', reason: 'ECONNREFUSED' })
  const pair = await serverPair(await authority())
  const tls = await listening(t, createTls(pair, (_, response) => { response.end() }))
  t.match(await visit(`https://localhost:${tls}`), { failed: 'tls', reason: /CERT|SIGNATURE/ })
  t.match(await visit(`https://127.0.0.1:${tls}`), { failed: 'tls', reason: /CERT|SIGNATURE/ })
  const plain = await listening(t, createPlain())
  t.match(await visit(`https://127.0.0.1:${plain}`), { failed: 'tls' })
  const closing = await listening(t, createTcp((socket) => { socket.once('data', () => { socket.destroy() }) }))
  t.same(await visit(`http://127.0.0.1:${closing}`), { failed: 'reply', reason: 'ECONNRESET' })
  const talking = await listening(t, createTcp((socket) => { socket.write('SSH-2.0-x\r\n') }))
  t.match(await visit(`http://127.0.0.1:${talking}`), { failed: 'reply', reason: /^HPE_/ })
})

t.test('the check does not wait for a server that sends nothing', async (t) => {
  const port = await listening(t, createTcp())
  t.same(await visit(`http://127.0.0.1:${port}`, 100), { failed: 'reply', reason: 'nothing within 0.1 seconds' })
  t.same(await visit(`https://127.0.0.1:${port}`, 100), { failed: 'tls', reason: 'nothing within 0.1 seconds' })
})
