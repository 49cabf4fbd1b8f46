import { request as httpRequest } from 'node:http'
import t from 'tap'
import { build, tokens } from '#test/helper'

const path = '/environments/dev/secrets/a'

/** Sends a request with exactly these header lines, which fetch would join or refuse. */
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
  for (const name of ['authorization', 'aws-credential-id', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'x-request-id']) {
    const twice: [string, string][] = [[name, 'Bearer a'], [name, 'Bearer b']]
    const reply = await withHeaders(gateway.url + path, [['host', host], ...(name === 'authorization' ? [] : [authorization]), ...twice])
    t.match(reply, { status: 400, text: new RegExp(`"pointer":"/${name}"`) }, name)
  }
  const many = Array.from({ length: 2_500 }, (): [string, string] => ['x', ''])
  const late = await withHeaders(gateway.url + path, [['host', host], authorization, ...many, ['authorization', 'Bearer b']])
  t.match(late, { status: 400 }, 'even after more headers than Node.js keeps by default')
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
