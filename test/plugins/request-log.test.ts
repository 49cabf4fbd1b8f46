import { connect } from 'node:net'
import t from 'tap'
import { build, tokens } from '#test/helper'
import { until } from '#test/until'

t.test('each request is logged as one line, without its URL, its token or a secret\'s value', async (t) => {
  const gateway = await build(t)
  gateway.log.length = 0
  const canary = 'canary-value-4711'
  await gateway.send('PUT', `/environments/dev/secrets/${canary}`, { json: { value: canary }, headers: { 'x-request-id': 'r1' } })
  await gateway.send('GET', `/environments/dev/secrets/a?versionStage=${canary}`)
  await gateway.send('GET', '/environments/dev/secrets/%ZZ')
  t.equal(gateway.log.length, 3)
  t.match(JSON.parse(gateway.log[0] ?? ''), {
    requestId: 'r1',
    request: { method: 'PUT', route: '/environments/:env/secrets/:name', caller: 'administrator', environment: 'dev', credential: 'dev-account' },
    reply: { status: 201, milliseconds: Number }
  })
  t.match(JSON.parse(gateway.log[1] ?? ''), { reply: { status: 404, problem: 'secret-not-found', awsError: 'ResourceNotFoundException' } })
  t.match(JSON.parse(gateway.log[2] ?? ''), { reply: { status: 400, problem: 'malformed-request' } }, 'requests without a matching route are logged, too')
  await gateway.send('GET', '/environments', { headers: { 'x-forwarded-for': canary } })
  t.match(JSON.parse(gateway.log[3] ?? ''), { request: { peer: '127.0.0.1' }, reply: { status: 400 } }, 'the peer is logged even if its headers are refused')
  t.notMatch(gateway.log.join(''), canary)
  t.notMatch(gateway.log.join(''), tokens.administrator)
})

t.test('health probes are logged at the level debug only', async (t) => {
  const gateway = await build(t)
  gateway.log.length = 0
  await gateway.send('GET', '/health/live')
  await gateway.send('GET', '/health/ready')
  await gateway.send('GET', '/environments')
  t.match(gateway.log.map((line) => JSON.parse(line) as object), [{ level: 'info', request: { route: '/environments' } }])
  t.equal(gateway.log.length, 1)
})

t.test('the configuration sets the share of cache hits that are logged', async (t) => {
  for (const [cacheHits, expected] of [[0, [0, 0]], [1, [20, 20]], [0.5, [1, 19]]] as const) {
    const gateway = await build(t, { log: { cacheHits }, cache: { ttlSeconds: 300 } })
    await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'v' } })
    await gateway.send('GET', '/environments/dev/secrets/a')
    gateway.log.length = 0
    for (let count = 0; count < 20; count++) t.match((await gateway.send('GET', '/environments/dev/secrets/a')).headers.get('cache-status'), /hit/)
    const [least, most] = expected
    t.ok(gateway.log.length >= least && gateway.log.length <= most, `${gateway.log.length} of 20 hits are logged with ${cacheHits}`)
    gateway.log.length = 0
    await gateway.send('GET', '/environments/dev/secrets/none')
    await gateway.send('GET', '/environments/dev/secrets/none')
    await gateway.send('GET', '/environments/dev/secrets/a?refresh=true')
    t.match(gateway.log, [/"status":404/, /"status":404/, /"status":200/], 'failures, and reads from AWS, are always logged')
    t.equal(gateway.log.length, 3)
  }
})

t.test('requests of callers who disconnect, and malformed HTTP, are logged too', async (t) => {
  const gateway = await build(t)
  const lines = async (pattern: RegExp): Promise<void> => until(() => gateway.log.some((line) => pattern.test(line)))
  const { hostname, port } = new URL(gateway.url)
  const secrets = Array.from({ length: 200 }, (_, index) => ({ name: `n${index}`, value: 'v' }))
  const body = JSON.stringify({ secrets })
  const head = `POST /environments/dev/secrets HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${tokens.administrator}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n`
  const socket = connect(Number(port), hostname, () => { socket.write(head + body) })
  await until(() => gateway.awsCalls.length > 0)
  socket.destroy()
  await lines(/"method":"POST".*"aborted":true/)
  const other = connect(Number(port), hostname, () => { other.write('not HTTP\r\n\r\n') })
  other.resume()
  await lines(/"reply":\{"status":400,"problem":"malformed-request"\}/)
  t.pass()
})
