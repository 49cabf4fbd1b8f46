import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { app } from '#src/app'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { ConfigError } from '#src/config/issues'
import { tracingTo } from '#test/collector'
import { fleetKey } from '#test/fleet'
import { build, caching, declared, tokens, type Gateway } from '#test/helper'
import { until } from '#test/until'

/** Returns the address of a gateway's metrics, as stated in its log. */
const addressOf = ({ log }: Gateway): string => {
  const lines = log.map((line) => JSON.parse(line) as { metrics?: string })
  return lines.find(({ metrics }) => metrics !== undefined)?.metrics ?? ''
}

/** Fetches the samples, keyed by their names and labels. Checks that Prometheus can read each line. */
async function samplesOf (t: Test, gateway: Gateway): Promise<Map<string, number>> {
  const reply = await fetch(addressOf(gateway))
  t.equal(reply.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const lines = (await reply.text()).trimEnd().split('\n')
  const samples = new Map<string, number>()
  for (const line of lines) {
    const [, key = '', value] = /^([a-z_]+(?:\{[a-z_]+="(?:[^"\\]|\\.)*"(?:,[a-z_]+="(?:[^"\\]|\\.)*")*\})?) (\S+)$/.exec(line) ?? []
    if (line.startsWith('#')) t.match(line, /^# (?:HELP [a-z_]+ \S.*|TYPE [a-z_]+ (?:counter|gauge|histogram))$/)
    else t.ok(Number.isFinite(Number(value)), line)
    samples.set(key, Number(value))
  }
  return samples
}

t.test('the number of saved calls is the number of reads minus the number of calls', async (t) => {
  const gateway = await build(t, { ...caching, server: { metrics: { port: 0 } } })
  const names = Array.from({ length: 40 }, (_, index) => `n${index}`)
  for (const name of names) await gateway.aws('AKIADEV').createSecret({ Name: `dev/${name}`, SecretString: name })
  const before = gateway.awsCalls.length
  // Each secret is read by two requests at the same time, and again once it is cached. Two further names do not exist.
  const read = async (name: string): Promise<unknown> => gateway.send('GET', `/environments/dev/secrets/${name}`)
  await Promise.all([...names, ...names, 'missing-1', 'missing-2'].map(read))
  await Promise.all(names.map(read))
  const samples = await samplesOf(t, gateway)
  const calls = gateway.awsCalls.slice(before)
  t.ok(calls.includes('BatchGetSecretValue'))
  t.equal(samples.get('secrets_gateway_aws_calls_saved_total'), 3 * names.length + 2 - calls.length)
})

t.test('metrics', async (t) => {
  const secret = 'value-that-no-metric-may-show'
  const gateway = await build(t, { ...caching, server: { metrics: { port: 0 } } })
  await gateway.send('POST', '/environments/dev/secrets/payments%2Fdb', { json: { value: secret } })
  for (let index = 0; index < 3; index++) t.equal((await gateway.send('GET', '/environments/dev/secrets/payments%2Fdb')).status, 200)
  await gateway.send('GET', '/environments/dev/secrets/missing')
  await gateway.send('GET', '/environments/unknown/secrets/missing', { token: tokens.reader })
  await gateway.send('GET', '/environments/dev', { token: 'nobody' })
  await gateway.send('GET', '/nowhere')
  const samples = await samplesOf(t, gateway)
  const counted = (name: string, labels: string): number | undefined => samples.get(`secrets_gateway_${name}{${labels}}`)

  t.equal(counted('requests_total', 'operation="readSecret",status="200",environment="dev"'), 3)
  t.equal(counted('requests_total', 'operation="readSecret",status="404",environment="dev"'), 1)
  t.equal(counted('requests_total', 'operation="readSecret",status="404",environment=""'), 1, 'an environment that does not exist is no label')
  t.equal(counted('requests_total', 'operation="describeEnvironment",status="401",environment=""'), 1)
  t.equal(counted('requests_total', 'operation="none",status="404",environment=""'), 1)
  t.equal(counted('request_duration_seconds_count', 'operation="readSecret"'), 5)
  t.equal(counted('cache_reads_total', 'environment="dev",result="hit"'), 2)
  t.equal(counted('cache_reads_total', 'environment="dev",result="miss"'), 2)
  t.equal(counted('cache_age_seconds_count', 'environment="dev"'), 2)
  t.equal(samples.get('secrets_gateway_aws_calls_saved_total'), 2)
  t.equal(samples.get('secrets_gateway_aws_dollars_saved_total'), 0.00001)
  t.equal(samples.get('secrets_gateway_cache_secrets'), 2, 'the value, and that the other secret is missing')
  t.ok(Number(samples.get('secrets_gateway_cache_bytes')) > secret.length)

  const place = 'credential="dev-account",region="eu-west-1"'
  t.equal(counted('aws_calls_total', `operation="CreateSecret",${place},result="ok"`), 1)
  t.equal(counted('aws_calls_total', `operation="GetSecretValue",${place},result="ok"`), 1)
  t.equal(counted('aws_calls_total', `operation="GetSecretValue",${place},result="secret-not-found"`), 1)
  t.equal(counted('aws_call_duration_seconds_count', 'operation="GetSecretValue",credential="dev-account"'), 2)
  t.equal(counted('aws_queue_length', `${place},priority="foreground"`), 0)
  t.equal(counted('aws_slots_used', `${place},priority="background"`), 0)
  t.equal(counted('aws_breaker_open', place), 0)
  t.equal(counted('aws_quota_headroom_ratio', `${place},operations="CreateSecret"`), 1)

  t.equal(samples.get('secrets_gateway_audit_writable'), 1)
  t.equal(samples.get('secrets_gateway_audit_waiting'), 0)
  t.equal(samples.get('secrets_gateway_audit_refused_total'), 0)
  t.ok(Number(samples.get('secrets_gateway_audit_written_total')) >= 8)
  for (const name of ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'nodejs_heap_size_used_bytes']) {
    t.ok(Number(samples.get(name)) > 0, name)
  }
  t.notOk(Array.from(samples.keys()).some((key) => /payments|missing|administrator|unknown|value-that/.test(key)), 'no names and no callers')
})

t.test('the documentation lists every metric', async (t) => {
  // Nothing listens on these ports, but the metrics exist.
  const shared = { url: 'redis://127.0.0.1:1', keyFile: `${t.testdir({ 'shared.key': fleetKey })}/shared.key` }
  const gateway = await build(t, { server: { metrics: { port: 0 } }, shared }, tracingTo('http://127.0.0.1:1'))
  const text = await (await fetch(addressOf(gateway))).text()
  const reported = Array.from(text.matchAll(/^# TYPE ([a-z_]+) /gm), ([, name = '']) => name)
  const page = await readFile(join(import.meta.dirname, '..', '..', 'docs', 'metrics.md'), 'utf8')
  const rows = Array.from(page.matchAll(/^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \| (?:`[a-z]+`(?:, `[a-z]+`)*)? ?\|/gm), ([, names = '']) => names)
  t.same(rows.flatMap((names) => names.replaceAll('`', '').split(', ')).toSorted(), reported.toSorted())
})

t.test('without a separate listener, the metrics can\'t be read', async (t) => {
  const gateway = await build(t)
  t.equal(addressOf(gateway), '')
  t.equal((await gateway.send('GET', '/metrics')).status, 404)
})

t.test('an address that is in use keeps the gateway from starting, and a reload can\'t change it', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.teardown(() => { other.close() })
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const config = liveConfig(configFrom({ ...declared, server: { metrics: { port } } }))
  const fastify = Fastify()
  t.teardown(async () => fastify.close())
  await fastify.register(app, { config, dataDir: t.testdir() })
  await t.rejects(async () => fastify.ready(), new RegExp(`server.metrics.*EADDRINUSE on 127.0.0.1, ${port}`, 's'))
  t.throws(() => { config.replace(configFrom({ ...declared, server: { metrics: { port: 1 } } })) }, ConfigError)
})

t.test('the listener answers probes', async (t) => {
  const gateway = await build(t, { server: { metrics: { port: 0 } } })
  const probe = async (name: string): Promise<unknown> => {
    const reply = await fetch(addressOf(gateway).replace('/metrics', `/health/${name}`))
    return { status: reply.status, body: await reply.json() }
  }
  t.same(await probe('live'), { status: 200, body: { status: 'ok' } })
  t.same(await probe('ready'), { status: 200, body: { status: 'ok' } })
  const { audit } = gateway.fastify
  Object.defineProperty(audit, 'isWritable', { value: false })
  t.same(await probe('live'), { status: 200, body: { status: 'ok' } })
  t.same(await probe('ready'), { status: 503, body: { status: 'audit-unavailable' } })
})

t.test('the listener serves a limited number of connections', async (t) => {
  const gateway = await build(t, { server: { metrics: { port: 0 } } })
  const { hostname, port } = new URL(addressOf(gateway))
  const open = async (): Promise<Socket> => {
    const socket = connect(Number(port), hostname).on('error', () => undefined)
    t.teardown(() => { socket.destroy() })
    await once(socket, 'connect')
    return socket
  }
  const sockets = await Promise.all(Array.from({ length: 50 }, open))
  await once((await open()).resume(), 'close')
  sockets[0]?.destroy()
  await until(async () => fetch(addressOf(gateway)).then(({ status }) => status === 200, () => false))
})
