import { connect } from 'node:net'
import Fastify from 'fastify'
import t from 'tap'
import { app } from '#src/app'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serverOptions } from '#src/http/server-options'
import { build, declared, send, tokens } from '#test/helper'
import { until } from '#test/until'

/** Sends bytes and returns everything received until the server closes the connection. */
async function raw (url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let reply = ''
    const socket = connect(Number(port), hostname, () => { socket.write(request) })
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => { reply += chunk }).on('end', () => { resolve(reply) }).on('error', reject)
  })
}

t.test('the reply to every error is a problem document with the request\'s ID', async (t) => {
  const gateway = await build(t)

  t.test('an unknown path, with or without a token or a body', async (t) => {
    for (const [method, path] of [['GET', '/nowhere'], ['GET', '/nowhere?secret=1'], ['POST', '/environments/dev/secrets/a/nowhere']] as const) {
      const reply = await gateway.send(method, path, { token: null, headers: { 'x-request-id': 'my-request.1' }, ...(method === 'POST' && { body: 'x' }) })
      t.match(reply, { status: 404, json: { code: 'not-found', requestId: 'my-request.1', instance: 'urn:secrets-gateway:request:my-request.1' } })
      t.equal(reply.headers.get('content-type'), 'application/problem+json; charset=utf-8')
      t.equal(reply.headers.get('x-request-id'), 'my-request.1')
      t.notMatch(reply.text, /nowhere|secret=1/, 'nothing is echoed')
    }
  })

  t.test('a method that the resource does not support', async (t) => {
    for (const [method, path, allow] of [['DELETE', '/environments', 'GET, HEAD'], ['POST', '/environments/dev/secrets/a/metadata', 'GET, HEAD'], ['GET', '/environments/dev/values', 'POST']] as const) {
      const reply = await gateway.send(method, path, { token: null })
      t.match(reply, { status: 405, json: { code: 'method-not-allowed' } })
      t.equal(reply.headers.get('allow'), allow)
    }
  })

  t.test('a path whose further segments may belong to the name of a secret', async (t) => {
    const hint = /`%2F`/
    for (const [method, path] of [
      ['GET', '/environments/dev/secrets/val/nl'], ['GET', '/environments/dev/secrets/a/b/metadata'], ['PUT', '/environments/dev/secrets/a/b?x=1'],
      ['GET', '/environments/none/secrets/a/b/c/d'], ['PUT', '/environments/dev/secrets/a/metadata'], ['GET', '/environments/dev/secrets/a/value']
    ] as const) t.match((await gateway.send(method, path, { token: null })).json, { code: /^(not-found|method-not-allowed)$/, detail: hint }, path)
    for (const path of ['/environments/dev/secret/val/nl', '/environments/dev/secrets/val/', '/jobs/a/b/c', '/x/environments/dev/secrets/val/nl']) {
      const reply = await gateway.send('GET', path, { token: null })
      t.equal(reply.status, 404)
      t.notMatch(reply.json.detail, hint, path)
    }
    // Each path matches a route that ends with `/metadata`, `/references` or `/policy`, so `val` is the secret's name.
    for (const path of ['/environments/dev/secrets/val/metadata', '/environments/dev/secrets/val/references', '/environments/dev/secrets/val/policy']) {
      t.match((await gateway.send('GET', path)).json, { code: 'secret-not-found', detail: hint }, path)
    }
  })

  t.test('a malformed request ID is replaced', async (t) => {
    for (const id of ['a b', 'x'.repeat(129), '<script>']) {
      const reply = await gateway.send('GET', '/health/live', { headers: { 'x-request-id': id } })
      t.match(reply.headers.get('x-request-id'), /^[0-9a-f-]{36}$/)
    }
  })

  t.test('malformed percent-encoding, and a path that is too long', async (t) => {
    const malformed = await gateway.send('GET', '/environments/dev/secrets/%ZZ')
    t.match(malformed, { status: 400, json: { code: 'malformed-request' } })
    t.match(malformed.headers.get('x-request-id'), /.+/)
    t.match(await gateway.send('GET', `/environments/dev/secrets/${'n'.repeat(1_537)}`), { status: 414, json: { code: 'uri-too-long' } })
  })

  t.test('malformed HTTP', async (t) => {
    const replies = {
      'not HTTP\r\n\r\n': /^HTTP\/1\.1 400 Bad Request\r\n[^]*"code":"malformed-request"/,
      'GET / HTTP/1.1\r\nbad header\r\n\r\n': /"code":"malformed-request"/,
      [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`]: /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n[^]*"code":"headers-too-large"/,
      'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n': /"code":"malformed-request"/,
      'GET /health/live HTTP/1.1\r\nconnection: close\r\n\r\n': /^HTTP\/1\.1 400 Bad Request\r\n[^]*"code":"malformed-request"/,
      'GET /health/live HTTP/1.1\r\nhost: x\r\nexpect: cookies\r\nconnection: close\r\n\r\n': /^HTTP\/1\.1 417 [^]*"code":"expectation-failed"/,
      'PUT /environments/dev/secrets/a HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n': /^HTTP\/1\.1 401 /,
      [`PUT /environments/dev/secrets/a HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${tokens.administrator}\r\ncontent-type: application/json\r\nexpect: 100-continue\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`]: /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 400 /
    }
    for (const [request, expected] of Object.entries(replies)) {
      const reply = await raw(gateway.url, request)
      t.match(reply, expected)
      t.match(reply, /content-type: application\/problem\+json/)
      t.match(reply, /x-request-id: /)
    }
  })

  t.test('an aborted connection ends without an error', async (t) => {
    const { hostname, port } = new URL(gateway.url)
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write('GET /environments HTTP/1.1\r\n')
        socket.resetAndDestroy()
        socket.on('close', () => { resolve() })
      })
    })
    t.equal((await gateway.send('GET', '/health/live')).status, 200)
  })
})

t.test('an internal error is masked, and logged without its message', async (t) => {
  const log: string[] = []
  const fastify = Fastify(serverOptions('info', { write: (line) => { log.push(line) } }))
  t.teardown(async () => fastify.close())
  await fastify.register(app, { config: liveConfig(configFrom(declared)) })
  const canary = 'canary-value-4711'
  fastify.get('/throws', { config: { action: 'Public' } }, async () => { throw new RangeError(canary) })
  fastify.get('/throws-text', { config: { action: 'Public' } }, async () => { throw canary }) // eslint-disable-line @typescript-eslint/only-throw-error -- a library might
  const url = await fastify.listen({ port: 0 })
  for (const path of ['/throws', '/throws-text']) {
    const reply = await send(url, 'GET', path, {})
    t.match(reply, { status: 500, json: { code: 'internal-error', detail: /requestId/ } })
    t.notMatch(reply.text, canary)
  }
  const requests = (): string[] => log.filter((line) => line.includes('"msg":"request"'))
  await until(() => requests().length === 2)
  t.match(requests()[0], /^\{"level":"error".*"status":500.*"thrown":\{"name":"RangeError","at":\["at .*"msg":"request"\}\n$/, 'the request has one line')
  t.notMatch(log.join(''), canary)
})

t.test('AWS\'s errors are translated and masked', async (t) => {
  const gateway = await build(t)
  const { credentials, ...rest } = gateway.fastify.config.current
  const nobody = 'http://127.0.0.1:9'
  gateway.fastify.config.replace({ ...rest, credentials, aws: { ...rest.aws, endpoint: nobody } })
  const reply = await gateway.send('GET', '/environments/dev/secrets/a')
  t.match(reply, { status: 502, json: { code: 'aws-unavailable', detail: /^No connection to AWS could be established\. AWS did not carry out GetSecretValue: / } })
  t.match(gateway.log.join(''), /"awsError":"ECONNREFUSED"/)
  t.match(gateway.log.join(''), /"status":502/)
})
