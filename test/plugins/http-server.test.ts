import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { connect as connectPlain, type Socket } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { build, tokens } from '#test/helper'
import { connect, readReply, sendRaw, write } from '#test/raw'
import { until } from '#test/until'

const root = join(import.meta.dirname, '..', '..')

t.test('CONNECT is refused and recorded', async (t) => {
  const gateway = await build(t)
  for (const [path, status, code] of [
    ['host:443', 400, 'malformed-request'], ['gateway.test:80', 400, 'malformed-request'], ['/environments', 405, 'method-not-allowed']
  ] as const) {
    const { length } = gateway.trail()
    const reply = await sendRaw(gateway.url, { method: 'CONNECT', path, headers: [['Authorization', `Bearer ${tokens.administrator}`]] })
    t.match(reply, { status, code, head: /^connection: close\r?$/mi }, path)
    t.match(gateway.trail().slice(length), [{ event: 'denial', peer: '127.0.0.1', status, code }], path)
    t.match(gateway.log.at(-1), `"problem":"${code}"`, path)
  }
})

t.test('the connection of a CONNECT is closed, even if the client keeps sending', async (t) => {
  const { url } = await build(t)
  const socket = await connect(url)
  t.teardown(() => { socket.destroy() })
  write(socket, { method: 'CONNECT', path: 'host:443', body: 'tunnelled' }, 'keep-alive')
  t.match(await readReply(socket), { status: 400 })
  socket.resume()
  await once(socket, 'close')
})

t.test('CONNECT after a request that has not been answered yet', async (t) => {
  const gateway = await build(t)
  const socket = await connect(gateway.url)
  t.teardown(() => { socket.destroy() })
  const request = ['Host: gateway.test', '', ''].join('\r\n')
  socket.write(`GET /environments HTTP/1.1\r\nAuthorization: Bearer ${tokens.administrator}\r\n${request}CONNECT host:443 HTTP/1.1\r\n${request}`)
  let all = ''
  for await (const chunk of socket) all += String(chunk)
  t.match(all.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 400'], 'the replies come in the order of the requests')
  t.match(gateway.trail().at(-1), { event: 'denial', status: 400 })

  const leaving = await connect(gateway.url)
  leaving.write(`GET /environments HTTP/1.1\r\nConnection: close\r\nAuthorization: Bearer ${tokens.administrator}\r\n${request}CONNECT host:443 HTTP/1.1\r\n${request}`)
  let rest = ''
  for await (const chunk of leaving) rest += String(chunk)
  t.match(rest.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200'], 'nothing is answered after a last request')
})

t.test('malformed HTTP after a request does not replace that request\'s reply', async (t) => {
  const gateway = await build(t)
  const allOf = async (text: string): Promise<string> => {
    const socket = await connect(gateway.url)
    t.teardown(() => { socket.destroy() })
    socket.write(text)
    let all = ''
    for await (const chunk of socket) all += String(chunk)
    return all
  }
  const head = (...lines: string[]): string => [...lines, 'Host: gateway.test', `Authorization: Bearer ${tokens.administrator}`, '', ''].join('\r\n')
  const read = head('GET /environments HTTP/1.1')
  const put = `${head('PUT /environments/dev/secrets/a HTTP/1.1', 'Content-Type: application/json', 'Content-Length: 13')}{"value":"v"}`
  for (const [what, text, expected] of [
    ['behind one request', `${read}malformed\r\n\r\n`, ['200', '400']],
    ['behind two requests', `${read}${put}malformed\r\n\r\n`, ['200', '201', '400']],
    ['behind the last request', `${head('GET /environments HTTP/1.1', 'Connection: close')}malformed\r\n\r\n`, ['200']],
    ['in the body of a request', head('PUT /environments/dev/secrets/b HTTP/1.1', 'Content-Type: application/json', 'Transfer-Encoding: chunked') + 'no length\r\n', ['400']]
  ] as const) {
    const { length } = gateway.trail()
    t.same((await allOf(text)).match(/(?<=HTTP\/1\.1 )\d+/g), expected, what)
    t.equal(gateway.trail().slice(length).filter(({ event }) => event === 'denial').length, 1, `${what}: it is recorded`)
  }
})

t.test('the connection of malformed HTTP is closed, even if the client keeps its side open', async (t) => {
  const gateway = await build(t)
  const { hostname: host, port } = new URL(gateway.url)
  for (const [title, goOn] of [
    ['a silent client', () => undefined], ['a client that goes on', (socket: Socket) => { socket.write('more\r\n') }]
  ] as const) {
    const arrived = once(gateway.fastify.server, 'connection') as Promise<[Socket]>
    const socket = connectPlain({ host, port: Number(port), allowHalfOpen: true })
    t.teardown(() => { socket.destroy() })
    // The gateway may reset the connection while the client is writing.
    socket.on('error', () => undefined)
    const [ours] = await arrived
    socket.write('malformed\r\n\r\n')
    t.match(await readReply(socket), { status: 400 }, title)
    await until(() => {
      goOn(socket)
      return ours.destroyed
    })
  }
})

t.test('an unexpected error outside the pipeline closes the connection and does not end the process', async (t) => {
  const gateway = await build(t)
  const defects = (): string[] => gateway.log.filter((line) => line.includes('connection failed'))
  const { audit, server } = gateway.fastify
  Object.assign(audit, { append: async () => { throw new TypeError('canary') } })
  const { hostname: host, port } = new URL(gateway.url)
  for (const [index, text] of ['malformed\r\n\r\n', 'GET /% HTTP/1.1\r\nHost: gateway.test\r\n\r\n'].entries()) {
    const socket = connectPlain({ host, port: Number(port) })
    socket.write(text)
    t.equal(await readReply(socket), undefined)
    t.match(defects()[index], '"thrown":{"name":"TypeError"')
  }
  server.prependListener('request', () => { throw new RangeError('canary') })
  const socket = connectPlain({ host, port: Number(port) })
  write(socket, { method: 'CONNECT', path: 'host:443' })
  t.equal(await readReply(socket), undefined)
  t.match(defects()[2], '"thrown":{"name":"RangeError"')
  t.notMatch(defects().join(''), 'canary')
})

t.test('an Upgrade header is ignored, and the request is handled and recorded like any other', async (t) => {
  const gateway = await build(t)
  for (const protocol of ['websocket', 'h2c', 'TLS/1.0, HTTP/1.1']) {
    const { length } = gateway.trail()
    const headers = [['Authorization', `Bearer ${tokens.administrator}`], ['Upgrade', protocol], ['Connection', 'Upgrade']] as const
    t.match(await sendRaw(gateway.url, { path: '/environments', headers }), { status: 200 }, protocol)
    t.match(gateway.trail().slice(length), [{ event: 'outcome', status: 200 }], protocol)
    t.match(await sendRaw(gateway.url, { path: '/environments', headers: headers.slice(1) }), { status: 401 }, protocol)
    t.match(gateway.trail().at(-1), { event: 'denial', status: 401 }, protocol)
  }
})

t.test('other protocols are refused and recorded', async (t) => {
  const gateway = await build(t)
  for (const [what, text] of Object.entries({
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'HTTP/0.9': 'GET /environments\r\n\r\n',
    'HTTP/3.0': 'GET /environments HTTP/3.0\r\nHost: gateway.test\r\n\r\n',
    'HTTP/1.0 without a host': 'GET /environments HTTP/1.0\r\n\r\n',
    TLS: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'
  })) {
    const { length } = gateway.trail()
    const socket = await connect(gateway.url)
    t.teardown(() => { socket.destroy() })
    socket.write(text)
    t.match(await readReply(socket), { status: 400, code: 'malformed-request' }, what)
    t.match(gateway.trail().slice(length), [{ event: 'denial', status: 400, code: 'malformed-request' }], what)
  }
})

t.test('the documentation names the handler of each event of Node.js\'s server', async (t) => {
  const page = await readFile(join(root, 'docs', 'request.md'), 'utf8')
  const table = page.slice(page.indexOf('## What reaches the pipeline'), page.indexOf('## Which steps a route has'))
  const rows = Array.from(table.matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm), ([, events = '']) => events.replaceAll('`', '').split(', '))
  const types = await Promise.all(['http', 'https', 'net', 'tls'].map(async (name) =>
    readFile(join(root, 'node_modules', '@types', 'node', `${name}.d.ts`), 'utf8')))
  // In each module's class or interface `Server`, the method `on` has an overload for every event.
  const declared = types.flatMap((text) => text.split(/^ {4}(?=(?:class|interface) )/m).filter((part) => /^(?:class|interface) Server\b/.test(part)))
    .flatMap((part) => Array.from(part.matchAll(/\bon\(\s*event: "(\w+)"/g), ([, event]) => event))
  t.ok(declared.length > 20)
  // The types lack the event `timeout`.
  t.same([...new Set([...declared, 'timeout'])].sort(), rows.flat().sort())

  const { fastify: { server } } = await build(t)
  for (const event of ['request', 'checkContinue', 'checkExpectation', 'connect', 'clientError', 'tlsClientError', 'secureConnection', 'connection', 'drop']) {
    t.not(server.listenerCount(event), 0, event)
  }
  t.equal(server.listenerCount('upgrade'), 0)
  t.same([server.maxRequestsPerSocket, server.timeout], [0, 0], 'no maximum of requests and no timeout is set')
})
