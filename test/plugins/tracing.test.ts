import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { verifyTrail } from '#src/audit/verify'
import { protocols } from '#src/tracing/settings'
import { startCollector, tracingTo, type Collector, type ReceivedSpan } from '#test/collector'
import { startProxy } from '#test/faults/proxy'
import { build, caching, declared, tokens, type Gateway } from '#test/helper'
import { until } from '#test/until'

const require = createRequire(import.meta.url)
const loaded = (): string[] => Object.keys(require.cache).filter((file) => file.includes('@opentelemetry'))

const callerTrace = '0af7651916cd43dd8448eb211c80319c'
const callerSpan = 'b7ad6b7169203331'
const traceparent = `00-${callerTrace}-${callerSpan}-01`
const secretPath = '/environments/dev/secrets/payments%2Fdb'
const route = '/environments/:env/secrets/:name'
const canary = 'canary-value-4711'

/** A trace as a tree of names. Each span is followed by its child spans. */
type Tree = [name: string, ...parts: Tree[]]

/** Returns the tree below a span of a trace, with the child spans sorted by name. */
function treeOf (spans: readonly ReceivedSpan[], root: ReceivedSpan): Tree {
  const parts = spans.filter(({ parentSpanId }) => parentSpanId === root.spanId).map((part) => treeOf(spans, part))
  return [root.name, ...parts.sort(([one], [other]) => one < other ? -1 : 1)]
}

/**
 * Waits for the trace of a request whose span has these attributes. Returns that span, and the tree without the spans of waits.
 */
async function traceOf (collector: Collector, wanted: Record<string, unknown>): Promise<{ root: ReceivedSpan, spans: ReceivedSpan[], tree: Tree }> {
  const isWanted = ({ kind, attributes }: ReceivedSpan): boolean =>
    kind === 'server' && Object.entries(wanted).every(([name, value]) => attributes[name] === value)
  const spans = await collector.trace(isWanted)
  const root = spans.find(isWanted)
  if (root === undefined) throw new TypeError('no span of a request')
  return { root, spans, tree: treeOf(spans.filter(({ name }) => !name.startsWith('wait ')), root) }
}

/** Checks that no secret, and no name of a secret or a caller, has reached the collector. */
function assertDiscreet (t: Test, { bodies }: Collector): void {
  const all = Buffer.concat(bodies)
  for (const text of [canary, 'payments', '%2Fdb', ...Object.values(tokens), 'AKIADEV', 'administrator', 'secretId=']) {
    t.equal(all.indexOf(text), -1, `no ${text}`)
    t.equal(all.indexOf(Buffer.from(text).toString('base64').replace(/=+$/, '')), -1)
  }
}

t.test('without a collector, OpenTelemetry is not loaded, and the ID of the caller\'s trace is in the log and in the trail', async (t) => {
  const gateway = await build(t)
  t.same(loaded(), [])
  t.equal(gateway.fastify.tracer, undefined)
  gateway.log.length = 0
  t.equal((await gateway.send('GET', '/environments', { headers: { traceparent } })).status, 200)
  t.equal((await gateway.send('GET', '/environments', { headers: { traceparent: 'canary' } })).status, 200, 'a malformed one is ignored')
  t.equal((await gateway.send('GET', '/environments')).status, 200)
  t.same(gateway.log.map((line) => (JSON.parse(line) as { trace_id?: string }).trace_id), [callerTrace, undefined, undefined])
  t.notMatch(gateway.log.join(''), 'span_id')
  t.same(gateway.trail().filter(({ event }) => event === 'outcome').map(({ traceId }) => traceId), [callerTrace, undefined, undefined])
  t.same(loaded(), [])
})

for (const protocol of protocols) {
  t.test(`traces of a miss, a cached read and a bulk create, as a collector gets them in ${protocol}`, async (t) => {
    const collector = await startCollector(t)
    const gateway = await build(t, { ...caching, aws: { backgroundSlots: 2 } }, tracingTo(collector.url, { protocol }))
    t.ok(loaded().length > 0, 'OpenTelemetry is loaded now')
    await gateway.aws('AKIADEV').createSecret({ Name: 'dev/payments/db', SecretString: canary })
    gateway.log.length = 0

    const tracestate = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'
    await gateway.send('GET', `${secretPath}?secretId=${canary}`, { headers: { traceparent, tracestate } })
    const refused = await traceOf(collector, { 'http.response.status_code': 400 })
    t.equal(refused.root.attributes['secrets_gateway.problem'], 'invalid-request')
    t.equal(refused.root.status, undefined, 'a mistake of the caller is no error of the gateway')

    t.equal((await gateway.send('GET', secretPath)).status, 200)
    const miss = await traceOf(collector, { 'http.route': route, 'http.response.status_code': 200 })
    t.same(miss.tree, [`GET ${route}`,
      ['authenticate'],
      ['decide'],
      ['read cache', ['SecretsManager.GetSecretValue', ['POST']]],
      ['record intent'],
      ['record outcome']
    ])
    const call = miss.spans.find(({ name }) => name === 'SecretsManager.GetSecretValue')
    t.match(call, { kind: 'client', status: undefined, attributes: {
      'rpc.system': 'aws-api', 'rpc.service': 'SecretsManager', 'rpc.method': 'GetSecretValue', 'cloud.region': 'eu-west-1',
      'secrets_gateway.credential': 'dev-account', 'secrets_gateway.priority': 'foreground'
    } })
    const record = gateway.trail().findLast(({ event }) => event === 'outcome')
    const [awsRequestId] = record?.awsRequestIds ?? []
    t.type(awsRequestId, 'string')
    t.match(miss.spans.find(({ name }) => name === 'POST'), { kind: 'client', attributes: {
      'http.request.method': 'POST', 'http.response.status_code': 200, 'server.address': '127.0.0.1', 'aws.request_id': awsRequestId
    } })
    t.match(miss.spans.find(({ name }) => name === 'read cache')?.attributes, { 'secrets_gateway.cache.hit': false, 'secrets_gateway.cache.forwarded': 'miss' })
    t.match(miss.spans.find(({ name }) => name === 'decide')?.attributes, { 'secrets_gateway.allowed': true })
    t.same(miss.root.attributes, {
      'http.request.method': 'GET',
      'http.route': route,
      'url.scheme': 'http',
      'http.response.status_code': 200,
      'secrets_gateway.operation': 'readSecret',
      'secrets_gateway.environment': 'dev',
      'aws.request_id': [awsRequestId]
    })
    t.equal(miss.root.parentSpanId, '', 'a request without a traceparent begins a trace')
    t.ok(miss.spans.every(({ milliseconds }) => milliseconds >= 0 && milliseconds <= miss.root.milliseconds + 1))
    t.match(miss.root.resource, { 'service.name': 'gateway-under-test', 'service.instance.id': /^[0-9a-f-]{36}$/, 'telemetry.sdk.language': 'nodejs' })
    const { traceId, spanId } = miss.root
    t.match(gateway.log.map((line) => JSON.parse(line) as object).at(-1), { trace_id: traceId, span_id: spanId }, 'in the log')
    t.match(gateway.trail().filter((one) => one.traceId === traceId), [{ event: 'intent', spanId }, { event: 'outcome', spanId }], 'in the trail')

    t.equal((await gateway.send('GET', secretPath, { headers: { traceparent, tracestate } })).status, 200)
    const hit = await traceOf(collector, { 'secrets_gateway.cache': 'hit' })
    t.same(hit.tree, [`GET ${route}`, ['authenticate'], ['decide'], ['read cache'], ['record outcome']])
    t.match(hit.root, { traceId: callerTrace, parentSpanId: callerSpan, traceState: tracestate }, 'the caller\'s trace is continued')
    t.match(hit.spans.find(({ name, parentSpanId }) => name === 'read cache' && parentSpanId === hit.root.spanId)?.attributes, {
      'secrets_gateway.cache.hit': true, 'secrets_gateway.cache.age': 0
    })

    const secrets = Array.from({ length: 6 }, (_, index) => ({ name: `payments/${index}`, value: canary }))
    t.equal((await gateway.send('POST', '/environments/dev/secrets', { json: { secrets } })).status, 201)
    const bulk = await traceOf(collector, { 'secrets_gateway.operation': 'bulkCreateSecrets' })
    t.same(bulk.tree, ['POST /environments/:env/secrets',
      ...secrets.map(() => ['SecretsManager.CreateSecret', ['POST']]),
      ['authenticate'],
      ['decide'],
      ['decide in advance'],
      ['record intent'],
      ['record items'],
      ['record outcome']
    ])
    const calls = bulk.spans.filter(({ name }) => name === 'SecretsManager.CreateSecret')
    t.ok(calls.every(({ attributes }) => attributes['secrets_gateway.priority'] === 'background'))
    const waits = bulk.spans.filter(({ name }) => name === 'wait for admission')
    t.ok(waits.length > 0, 'six creates at once wait for two slots')
    t.ok(waits.every(({ parentSpanId, milliseconds }) => milliseconds >= 1 && calls.some(({ spanId }) => spanId === parentSpanId)))
    assertDiscreet(t, collector)
    t.equal(collector.headers[0]?.['content-type'], protocol === 'http/json' ? 'application/json' : 'application/x-protobuf')
  })
}

t.test('a read that shares another read\'s call names the AWS request ID of the call', async (t) => {
  const collector = await startCollector(t)
  const gateway = await build(t, caching, tracingTo(collector.url))
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/payments/db', SecretString: canary })
  await Promise.all([gateway.send('GET', secretPath), gateway.send('GET', secretPath)])
  await until(() => collector.spans.filter(({ kind }) => kind === 'server').length === 2)
  const [one, other] = collector.spans.filter(({ kind }) => kind === 'server').map(({ attributes }) => attributes['aws.request_id'])
  t.same(one, other)
  t.equal(collector.spans.filter(({ name }) => name === 'POST').length, 1)
  t.same(collector.spans.filter(({ name }) => name === 'read cache').map(({ attributes }) => attributes['secrets_gateway.cache.collapsed']).sort(), [true, undefined])
})

t.test('the spans of a job belong to the request that started it', async (t) => {
  const collector = await startCollector(t)
  const gateway = await build(t, {}, tracingTo(collector.url))
  const json = { secrets: [{ name: 'payments/1', value: canary }, { name: 'payments/2', value: canary }] }
  const { status, json: { id } } = await gateway.send('POST', '/environments/dev/secrets', { json, headers: { prefer: 'respond-async' } })
  t.equal(status, 202)
  const { root } = await traceOf(collector, { 'http.response.status_code': 202 })
  t.equal(root.attributes['secrets_gateway.job'], id)
  const own = (name: string): ReceivedSpan[] => collector.spans.filter((span) => span.name === name && span.parentSpanId === root.spanId)
  await until(() => own('SecretsManager.CreateSecret').length === 2 && own('record items').length > 0)
  t.match(gateway.trail().filter(({ event }) => event === 'item'), [{ traceId: root.traceId, spanId: root.spanId }])
  assertDiscreet(t, collector)
})

t.test('retries are visible, and so is the failure of a call', async (t) => {
  const collector = await startCollector(t)
  const gateway = await build(t, {}, tracingTo(collector.url))
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/payments/db', SecretString: canary })
  const { config } = gateway.fastify
  const proxy = await startProxy(t, { backend: config.current.aws.endpoint ?? '' })
  config.replace({ ...config.current, aws: { ...config.current.aws, endpoint: proxy.url } })
  await proxy.plant({ kind: 'reply', status: 500, body: '<html>' }, 1)
  t.equal((await gateway.send('GET', secretPath)).status, 200)
  const { spans } = await traceOf(collector, { 'http.response.status_code': 200 })
  const attempts = spans.filter(({ name }) => name === 'POST')
  t.same(attempts.map(({ status }) => status), ['error', undefined])
  t.same(attempts.map(({ attributes }) => attributes['http.request.resend_count']), [undefined, 1])
  t.match(attempts[0]?.attributes, { 'error.type': 'aws-unavailable', 'http.response.status_code': 500 })
  t.equal(spans.find(({ name }) => name === 'SecretsManager.GetSecretValue')?.status, undefined, 'the call itself has succeeded')

  await proxy.plant({ kind: 'reset', stage: 'asked' }, 3)
  t.equal((await gateway.send('GET', secretPath)).status, 502)
  const failed = await traceOf(collector, { 'http.response.status_code': 502 })
  t.equal(failed.root.status, 'error')
  t.equal(failed.root.attributes['error.type'], 'aws-unavailable')
  t.match(failed.spans.find(({ name }) => name === 'SecretsManager.GetSecretValue'), { status: 'error', attributes: { 'error.type': 'aws-unavailable' } })
  t.equal(failed.spans.filter(({ name }) => name === 'POST').length, 3)
  assertDiscreet(t, collector)
})

t.test('refusals have a trace, and health probes have none', async (t) => {
  const collector = await startCollector(t)
  const gateway = await build(t, {}, tracingTo(collector.url))
  for (const path of ['/health/live', '/health/ready']) await gateway.send('GET', path, { headers: { traceparent } })
  await gateway.send('GET', `/${canary}`)
  const nowhere = await traceOf(collector, { 'http.response.status_code': 404 })
  t.same(nowhere.tree, ['GET', ['record outcome']])
  t.notOk('http.route' in nowhere.root.attributes)
  await gateway.send('GET', secretPath, { token: 'nobody' })
  const unauthenticated = await traceOf(collector, { 'http.response.status_code': 401 })
  t.same(unauthenticated.tree, [`GET ${route}`, ['authenticate'], ['record outcome']])
  t.match(unauthenticated.spans.find(({ name }) => name === 'authenticate'), { status: 'error', attributes: { 'error.type': 'unauthenticated' } })
  await gateway.send('GET', secretPath, { token: tokens.team })
  const forbidden = await traceOf(collector, { 'http.response.status_code': 403 })
  t.match(forbidden.spans.find(({ name }) => name === 'decide')?.attributes, { 'secrets_gateway.allowed': false })
  t.notOk(collector.spans.some(({ traceId }) => traceId === callerTrace))
  assertDiscreet(t, collector)
})

t.test('samplers decide what is recorded, and every log line still has the ID of its trace', async (t) => {
  const sampled = async (change: Parameters<typeof tracingTo>[1], flags: string): Promise<boolean> => {
    const collector = await startCollector(t)
    const gateway = await build(t, {}, tracingTo(collector.url, change))
    gateway.log.length = 0
    await gateway.send('GET', '/environments', { headers: { traceparent: traceparent.replace(/..$/, flags) } })
    t.match(JSON.parse(gateway.log[0] ?? ''), { trace_id: callerTrace, span_id: /^[0-9a-f]{16}$/ })
    await gateway.fastify.close()
    return collector.spans.length > 0
  }
  t.equal(await sampled({ sampler: 'parentbased_always_on' }, '01'), true)
  t.equal(await sampled({ sampler: 'parentbased_always_on' }, '00'), false, 'the caller does not record this trace')
  t.equal(await sampled({ sampler: 'always_on' }, '00'), true)
  t.equal(await sampled({ sampler: 'always_off' }, '01'), false)
  t.equal(await sampled({ sampler: 'parentbased_always_off' }, '01'), true)
  t.equal(await sampled({ sampler: 'traceidratio', ratio: 0 }, '01'), false)
  t.equal(await sampled({ sampler: 'traceidratio', ratio: 1 }, '00'), true)
  t.equal(await sampled({ sampler: 'parentbased_traceidratio', ratio: 0 }, '01'), true)
})

t.test('a collector that is gone, slow or refusing delays no request, and the metrics count the spans', async (t) => {
  // By default, an export that the collector does not answer would keep the process of this test alive for ten seconds.
  process.env.OTEL_EXPORTER_OTLP_TIMEOUT = '3000'
  t.teardown(() => { delete process.env.OTEL_EXPORTER_OTLP_TIMEOUT })
  const metricsOf = ({ fastify }: Gateway): string[] => fastify.metrics.text().split('\n').filter((line) => line.startsWith('secrets_gateway_spans'))
  const unused = createServer().listen(0, '127.0.0.1')
  await once(unused, 'listening')
  const { port } = unused.address() as { port: number }
  unused.close()
  let isRefusing = true
  const refusing = await startCollector(t, (reply) => { reply.writeHead(isRefusing ? 401 : 200).end(canary) })
  const silent = await startCollector(t, () => undefined)
  const queue = { size: 10, batch: 5, delay: 5 }

  for (const url of [`http://127.0.0.1:${port}/v1/traces`, silent.url, refusing.url]) {
    const gateway = await build(t, {}, tracingTo(url, { queue }))
    const began = performance.now()
    for (let count = 0; count < 20; count++) t.equal((await gateway.send('GET', '/environments')).status, 200)
    if (url === refusing.url) {
      await until(() => gateway.log.some((line) => line.includes('"reason":"401"')))
      t.equal(gateway.log.filter((line) => line.includes('spans can not be exported')).length, 1, 'logged once')
      t.match(metricsOf(gateway).join('\n'), /result="failed"\} [1-9]/)
      isRefusing = false
      await gateway.send('GET', '/environments')
      await until(() => gateway.log.some((line) => line.includes('spans are exported again')))
      t.notMatch(gateway.log.join(''), canary)
      t.match(metricsOf(gateway).join('\n'), /result="exported"\} [1-9]/)
    } else {
      await until(() => /result="dropped"\} [1-9]/.test(metricsOf(gateway).join('\n')))
      t.match(metricsOf(gateway).join('\n'), /^secrets_gateway_spans_waiting (?:\d|10)$/m, 'no more wait than the queue holds')
    }
    await gateway.fastify.close()
    t.ok(performance.now() - began < 60_000)
  }
})

t.test('waiting spans are exported at the shutdown', async (t) => {
  const collector = await startCollector(t)
  const gateway = await build(t, {}, tracingTo(collector.url, { queue: { size: 100, batch: 100, delay: 600_000 } }))
  await gateway.send('GET', '/environments')
  await until(() => gateway.fastify.tracer?.counts().waiting === 3)
  await gateway.fastify.close()
  t.same(collector.spans.map(({ name }) => name), ['authenticate', 'record outcome', 'GET /environments'])
})

t.test('a trail with and without traces is verified', async (t) => {
  const collector = await startCollector(t)
  const file = declared.audit
  const plain = await build(t, { audit: file })
  await plain.send('GET', '/environments')
  await plain.fastify.close()
  const traced = await build(t, { audit: file }, tracingTo(collector.url))
  await traced.send('GET', '/environments')
  await traced.fastify.close()
  const records = traced.trail()
  t.same(records.filter(({ event }) => event === 'outcome').map((record) => 'traceId' in record && 'spanId' in record), [false, true])
  const chunks = async function* (): AsyncGenerator<Buffer> { yield await readFile(file.file) }
  const { findings, unproved } = await verifyTrail([{ name: 'trail', chunks: chunks() }], { head: await readFile(`${file.file}.head`, 'utf8') })
  t.same([findings, unproved], [[], undefined])
})
