import { request as httpRequest } from 'node:http'
import t from 'tap'
import { build, tokens } from '#test/helper'
import { sendRaw, type RawReply, type RawRequest } from '#test/raw'

const path = '/environments/dev/secrets/a'

/** Sends a request with exactly these header lines. `fetch` would join or refuse some of them. */
async function withHeaders (url: string, headers: readonly [string, string][]): Promise<{ status: number | undefined, text: string }> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers: headers.flat() }, (reply) => {
      let text = ''
      reply.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => { resolve({ status: reply.statusCode, text }) })
    }).on('error', reject).end()
  })
}

t.test('a header with a single value is accepted only once', async (t) => {
  const gateway = await build(t)
  const { host } = new URL(gateway.url)
  const authorization: [string, string] = ['authorization', `Bearer ${tokens.administrator}`]
  for (const name of [
    'authorization', 'aws-credential-id', 'content-encoding', 'content-type', 'date', 'expect', 'from', 'host', 'idempotency-key', 'if-match',
    'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-event-id', 'max-forwards', 'origin', 'proxy-authorization', 'range', 'referer',
    'sec-fetch-site', 'user-agent', 'x-request-id'
  ]) {
    const twice: [string, string][] = [[name, 'Bearer a'], [name, 'Bearer b']]
    const others: [string, string][] = [['host', host], authorization]
    const reply = await withHeaders(gateway.url + path, [...others.filter(([other]) => other !== name), ...twice])
    t.match(reply, { status: 400, text: new RegExp(`"pointer":"/${name}"`) }, name)
  }
  const many = Array.from({ length: 2_500 }, (): [string, string] => ['x', ''])
  const late = await withHeaders(gateway.url + path, [['host', host], authorization, ...many, ['authorization', 'Bearer b']])
  t.match(late, { status: 400 }, 'even after more headers than Node.js keeps by default')
  for (const [name, value] of [['Content-Length', '7'], ['Transfer-Encoding', 'chunked']] as const) {
    const reply = await sendRaw(gateway.url, { method: 'PUT', path, headers: [authorization, [name, value], [name, value]], body: '2\r\n{}\r\n0\r\n\r\n' })
    t.match(reply, { status: 400 }, name)
  }
  const hosts = { method: 'PUT', path, headers: [authorization, ['host', 'gateway.test']], body: '{}' } as const
  t.match(await sendRaw(gateway.url, hosts), { status: 400, text: /"pointer":"\/host"/ }, 'the same host twice')
  const lists: [string, string][] = [['accept', 'application/json'], ['accept', 'text/html'], ['accept-language', 'de'], ['accept-language', 'en'], ['x', 'a'], ['x', 'b']]
  const values: [string, string][] = [['x', 'authorization'], ['accept', 'host']]
  t.match(await withHeaders(`${gateway.url}/environments`, [['host', host], authorization, ...lists]), { status: 200 }, 'lists may be split, and unknown headers repeated')
  t.match(await withHeaders(`${gateway.url}/environments`, [['host', host], authorization, ...values]), { status: 200 }, 'a value may be the name of a header')
  t.same(gateway.awsCalls, [])
})

t.test('a header that the route would ignore is refused', async (t) => {
  const gateway = await build(t)
  for (const [method, headers] of [
    ['POST', { 'if-match': '"v"' }], ['POST', { 'if-none-match': '*' }], ['GET', { 'if-match': '*' }], ['GET', { 'idempotency-key': 'k' }],
    ['DELETE', { 'idempotency-key': 'k' }], ['GET', { 'if-modified-since': 'Sat, 21 Nov 2026 08:00:00 GMT' }]
  ] as const) {
    const reply = await gateway.send(method, path, { headers, ...(method === 'POST' && { json: { value: 'v' } }) })
    t.match(reply, { status: 400, json: { errors: [{ in: 'header', pointer: `/${Object.keys(headers)[0] ?? ''}` }] } })
  }
  t.match(await gateway.send('PUT', path, { json: { value: 'v' }, headers: { 'idempotency-key': 'a b' } }), { status: 400 })
  t.same(gateway.awsCalls, [])
  t.equal((await gateway.send('GET', '/health/live', { headers: { 'if-none-match': '*' } })).status, 200, 'it is harmless on a public route')
})

t.test('a body with a content coding is refused', async (t) => {
  const gateway = await build(t)
  for (const coding of ['gzip', 'identity', 'br']) {
    const reply = await gateway.send('PUT', path, { json: { value: 'v' }, headers: { 'content-encoding': coding } })
    t.match(reply, { status: 415, json: { code: 'unsupported-media-type' } })
  }
  t.same(gateway.awsCalls, [])
})

t.test('a request line with a different host than the Host header is refused', async (t) => {
  const gateway = await build(t)
  const ask = async (target: string): Promise<RawReply | undefined> =>
    sendRaw(gateway.url, { path: target, headers: [['Authorization', `Bearer ${tokens.administrator}`]] })
  t.match(await ask('http://gateway.test/environments'), { status: 200 }, 'HTTP requires that this form is accepted')
  t.match(await ask('http://GATEWAY.test/environments'), { status: 200 })
  t.match(await ask('http://gateway.test:80/environments'), { status: 200 }, 'the default port')
  for (const target of [
    'http://other.test/environments', 'http://gateway.test:8080/environments', 'http://gateway.test.other.test/environments', 'http://gateway.test@other.test/environments'
  ]) t.match(await ask(target), { status: 400, text: /"pointer":"\/host"/ }, target)
  t.match(gateway.trail().at(-1), { event: 'denial', status: 400 })
  for (const target of ['environments', 'gateway.test:80', '*']) t.match(await ask(target), { status: 400 }, target)
})

t.test('no route ignores a body', async (t) => {
  const gateway = await build(t, { agent: { environments: ['dev'] } })
  const headers = [['Authorization', `Bearer ${tokens.administrator}`], ['X-Vault-Token', tokens.administrator]] as const
  const { paths } = gateway.fastify.swagger() as { paths: Record<string, Record<string, { requestBody?: object, tags?: string[] }>> }
  const bodies: Record<string, RawRequest> = {
    'JSON of a length': { headers: [['Content-Type', 'application/json'], ['Content-Length', '7']], body: '{"a":1}' },
    'text without a type': { headers: [['Content-Length', '7']], body: '{"a":1}' },
    'a body of another type': { headers: [['Content-Type', 'text/plain'], ['Content-Length', '7']], body: '{"a":1}' },
    'chunked JSON': { headers: [['Content-Type', 'application/json'], ['Transfer-Encoding', 'chunked']], body: '7\r\n{"a":1}\r\n0\r\n\r\n' }
  }
  let checked = 0
  for (const [pattern, operations] of Object.entries(paths)) {
    const path = pattern.replace('{env}', 'dev').replace('/credentials/{id}', '/credentials/dev-account').replaceAll(/\{\w+\}/g, 'a')
    const withoutBody = Object.entries(operations).filter(([, { requestBody }]) => requestBody === undefined).map(([method]) => method.toUpperCase())
    // The routes of AWS's agent refuse HEAD.
    const hasHead = operations.get?.tags?.includes('agent') === false
    for (const method of withoutBody.flatMap((method) => method === 'GET' && hasHead ? ['GET', 'HEAD'] : [method])) {
      for (const [what, body] of Object.entries(bodies)) {
        const { length } = gateway.trail()
        const reply = await sendRaw(gateway.url, { method, path, ...body, headers: [...headers, ...body.headers ?? []] })
        t.ok(reply?.status === 400 || reply?.status === 415, `${method} ${pattern} with ${what}: ${reply?.status ?? 'no reply'}`)
        t.equal(gateway.trail().slice(length).filter(({ event }) => event === 'denial').length, 1, `${method} ${pattern} with ${what} is recorded`)
        checked++
      }
    }
  }
  t.ok(checked > 100)
  t.same(gateway.awsCalls, [])
  t.match(await sendRaw(gateway.url, { path: '/environments', headers: [...headers, ['Content-Length', '0']] }), { status: 200 }, 'an empty body is none')
})
