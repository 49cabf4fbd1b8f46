import t from 'tap'
import { ConfigError } from '#src/config/issues'
import { build, type Gateway } from '#test/helper'
import { skip, startRedis } from '#test/redis'
import { until } from '#test/until'

const linesOf = ({ log }: Gateway): { msg: string, reason?: string }[] =>
  log.map((line) => JSON.parse(line) as { msg: string, reason?: string }).filter(({ msg }) => msg.includes('shared state'))

const key = Buffer.alloc(32, 'k').toString('base64')

t.test('a gateway and its server', { skip }, async (t) => {
  const redis = await startRedis(t, '--requirepass', 'canary-password')
  const folder = t.testdir({ key, password: 'canary-password' })
  const shared = { url: redis.url, keyFile: `${folder}/key`, passwordFile: `${folder}/password`, timeoutMilliseconds: 1_000 }
  const gateway = await build(t, { shared, server: { metrics: { port: 0 } } })
  const { metrics } = gateway.fastify
  t.ok(gateway.fastify.shared?.isUp(), 'it can be used before the gateway listens')
  t.match(metrics.text(), /^secrets_gateway_shared_up 1$/m)
  t.match(metrics.text(), /^secrets_gateway_replicas 1$/m)
  await gateway.fastify.shared?.send(['PING'])
  t.match(metrics.text(), /^secrets_gateway_shared_command_duration_seconds_count /m)

  const before = linesOf(gateway).length
  await redis.stop()
  await until(() => linesOf(gateway).length === before + 1)
  t.match(linesOf(gateway).slice(before), [{ level: 'warn', msg: 'the shared state can not be used', reason: 'unreachable', shared: { host: '127.0.0.1', port: redis.port } }])
  t.match(metrics.text(), /^secrets_gateway_shared_up 0$/m)
  t.equal((await gateway.send('GET', '/health/ready')).status, 200, 'the gateway is ready without it')
  t.equal((await gateway.send('PUT', '/environments/dev/secrets/a', { json: { value: 'v' } })).status, 201, 'it writes')
  t.match((await gateway.send('GET', '/environments/dev/secrets/a')).json, { value: 'v' }, 'it reads')

  await redis.start()
  await until(() => linesOf(gateway).length === before + 2)
  t.match(linesOf(gateway)[before + 1], { level: 'info', msg: 'the shared state can be used again' })
  t.notMatch(gateway.log.join(''), 'canary')
})

t.test('a gateway starts without its server', async (t) => {
  const shared = { url: 'redis://127.0.0.1:1', keyFile: `${t.testdir({ key })}/key` }
  const gateway = await build(t, { shared })
  t.equal((await gateway.send('GET', '/health/ready')).status, 200)
  t.match(linesOf(gateway), [{ reason: 'unreachable' }])
})

t.test('a replica with another key drops the other replicas\' messages, and logs that once', { skip }, async (t) => {
  const redis = await startRedis(t)
  const folder = t.testdir({ key, other: Buffer.alloc(32, 'x').toString('base64') })
  const shared = (keyFile: string): object => ({ shared: { url: redis.url, keyFile: `${folder}/${keyFile}`, timeoutMilliseconds: 1_000 } })
  const [one, other] = [await build(t, shared('key')), await build(t, shared('other'))]
  const foreign = (): number => Number(/^secrets_gateway_shared_foreign_messages_total (\d+)$/m.exec(other.fastify.metrics.text())?.[1])
  t.equal(foreign(), 0)
  for (const name of ['a', 'b']) await one.send('PUT', `/environments/dev/secrets/${name}`, { json: { value: 'v' } })
  await until(() => foreign() >= 2)
  const lines = other.log.filter((line) => line.includes('another shared.keyFile'))
  t.equal(lines.length, 1)
  t.match(JSON.parse(lines[0] ?? ''), { level: 'warn', shared: { host: '127.0.0.1', port: redis.port } })
})

t.test('a gateway without the section', async (t) => {
  const gateway = await build(t)
  t.equal(gateway.fastify.shared, undefined)
  t.notMatch(gateway.fastify.metrics.text(), 'secrets_gateway_shared')
})

t.test('a reload may replace the password, and nothing else', { skip }, async (t) => {
  const redis = await startRedis(t)
  const folder = t.testdir({ key, password: 'canary-password' })
  const shared = { url: redis.url, keyFile: `${folder}/key`, timeoutMilliseconds: 1_000 }
  const { fastify: { config, shared: state } } = await build(t, { shared })
  const { current } = config
  const { shared: settings } = current
  if (settings === undefined || state === undefined) throw new TypeError()
  const { shared: _shared, ...without } = current
  for (const next of [without, { ...current, shared: { ...settings, port: 1 } }]) {
    t.throws(() => { config.replace(next) }, new ConfigError([{ key: 'shared', found: 'a change', expected: 'the same as at the start: a change requires a restart' }]))
  }
  await redis.stop()
  await until(() => !state.isUp())
  config.replace({ ...current, shared: { ...settings, password: 'canary-password' } })
  await redis.start()
  await redis.command('CONFIG', 'SET', 'requirepass', 'canary-password')
  await redis.command('CLIENT', 'KILL', 'TYPE', 'normal')
  await until(state.isUp)
  t.equal(await state.send(['PING']), 'PONG')
})
