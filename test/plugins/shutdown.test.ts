import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { connect as connectTcp, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { build, type Gateway } from '#test/helper'
import { connect } from '#test/raw'
import { until } from '#test/until'

/** Sets the times of the shutdown, in milliseconds. They may be shorter than a configuration file allows. */
function setTimes ({ fastify: { config } }: Gateway, shutdown: { delay: number, grace: number }): void {
  config.replace({ ...config.current, server: { ...config.current.server, shutdown } })
}

/** Starts a gateway whose AWS never replies. */
async function withoutReplies (t: Test): Promise<{ gateway: Gateway, calls: IncomingMessage[] }> {
  const calls: IncomingMessage[] = []
  const aws = createServer((request) => { calls.push(request) }).listen(0, '127.0.0.1')
  await once(aws, 'listening')
  t.teardown(() => { aws.closeAllConnections(); aws.close() })
  const gateway = await build(t, { aws: { endpoint: `http://127.0.0.1:${(aws.address() as AddressInfo).port}` } })
  return { gateway, calls }
}

t.test('requests and jobs that do not end within the grace period are cut off', async (t) => {
  const { gateway, calls } = await withoutReplies(t)
  setTimes(gateway, { delay: 0, grace: 50 })
  const headers = { prefer: 'respond-async' }
  t.equal((await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames: ['a'] }, headers })).status, 202)
  const lost = t.rejects(gateway.send('GET', '/environments/dev/secrets/b'))
  await until(() => calls.length === 2)
  t.equal(await gateway.fastify.shutDown({ delays: true }), false, 'neither the job nor the request keeps the gateway from ending')
  await lost
  t.notOk(gateway.fastify.audit.isWritable, 'the audit trail was closed')
})

t.test('a connection on which nothing arrives does not delay the shutdown', async (t) => {
  const gateway = await build(t)
  setTimes(gateway, { delay: 0, grace: 3_600_000 })
  const socket = connectTcp(Number(new URL(gateway.url).port), '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  await once(socket, 'connect')
  await gateway.send('GET', '/health/live', { token: null })
  t.equal(await gateway.fastify.shutDown({ delays: true }), true)
  await until(() => socket.resume().destroyed)
})

t.test('without a delay, the listener closes at once', async (t) => {
  const gateway = await build(t)
  setTimes(gateway, { delay: 3_600_000, grace: 3_600_000 })
  const ended = gateway.fastify.shutDown({ delays: false })
  t.ok(gateway.fastify.stopping.aborted)
  t.equal(await ended, true)
  await t.rejects(connect(gateway.url), { code: 'ECONNREFUSED' })
})
