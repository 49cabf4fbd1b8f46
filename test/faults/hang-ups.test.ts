import { once } from 'node:events'
import { request, type ClientRequest } from 'node:http'
import t, { type Test } from 'tap'
import type { AuditRecord } from '#test/audit-trail'
import { tokens, type Gateway } from '#test/helper'
import { until } from '#test/until'
import { setUp, type Setup } from './set-up.ts'
import { situations } from './situations.ts'

const path = '/environments/dev/secrets/a'

/** Starts a gateway with two slots and two places in the queue. A single caller may use only one of each. */
async function setUpNarrow (t: Test): Promise<Setup> {
  const setup = await setUp(t, { deadlineSeconds: 60, slots: 2, queueLength: 2, queueSeconds: 60 })
  await setup.gateway.send('PUT', path, { json: { value: 'before' } })
  setup.gateway.awsCalls.length = 0
  return setup
}

/** A request whose caller does not wait for the reply. */
interface Caller {
  /** Closes the connection, and waits until the gateway has noticed. */
  hangUp: () => Promise<void>
}

async function ask ({ url, fastify }: Gateway, method: string, value?: string): Promise<Caller> {
  const accepted = once(fastify.server, 'request')
  const ofBody = { 'content-type': 'application/json', 'idempotency-key': 'of-the-caller' }
  const headers = { authorization: `Bearer ${tokens.administrator}`, ...value !== undefined && ofBody }
  const caller: ClientRequest = request(url + path, { method, agent: false, headers })
  caller.on('error', () => undefined).end(value === undefined ? undefined : JSON.stringify({ value }))
  const [{ socket }] = await accepted
  return {
    async hangUp () {
      const closed = once(socket, 'close')
      caller.destroy()
      await closed
    }
  }
}

const outcomes = ({ trail }: Gateway, action: string): AuditRecord[] =>
  trail().filter((record) => record.event === 'outcome' && record.action === action)

t.test(situations['read hung up'].what, async (t) => {
  const { gateway, secretsManager } = await setUpNarrow(t)
  await secretsManager.plant({ kind: 'held' }, Infinity)
  const caller = await ask(gateway, 'GET')
  await until(() => secretsManager.open() === 1)
  await caller.hangUp()
  await until(() => secretsManager.open() === 0)
  await until(() => outcomes(gateway, 'GetSecretValue').length === 1)
  t.match(outcomes(gateway, 'GetSecretValue'), [{ status: 499, code: 'caller-gone' }])
  await secretsManager.lift()
  t.match(await gateway.send('GET', path), { status: 200 })
})

for (const [situation, method, action] of [['waiting read hung up', 'GET', 'GetSecretValue'], ['waiting write hung up', 'PUT', 'PutSecretValue']] as const) {
  t.test(situations[situation].what, async (t) => {
    const { gateway, secretsManager } = await setUpNarrow(t)
    await secretsManager.plant({ kind: 'held' }, 1)
    const first = gateway.send('GET', path)
    await until(() => secretsManager.open() === 1)
    const waiting = await ask(gateway, method, method === 'PUT' ? 'never written' : undefined)
    await until(async () => (await gateway.send('GET', path)).status === 503)
    const before = outcomes(gateway, action).length
    await waiting.hangUp()
    await until(() => outcomes(gateway, action).length > before)
    t.match(outcomes(gateway, action).at(-1), { status: 499, code: 'caller-gone' })
    const next = gateway.send('GET', path)
    await secretsManager.lift()
    t.match([await first, await next], [{ status: 200 }, { status: 200, json: { value: 'before' } }], 'the place in the queue is free')
    t.same(gateway.awsCalls, ['GetSecretValue', 'GetSecretValue'], 'AWS was not called for the caller that left')
  })
}

t.test(situations['write hung up'].what, async (t) => {
  const { gateway, secretsManager } = await setUpNarrow(t)
  await secretsManager.plant({ kind: 'held' }, 1)
  const caller = await ask(gateway, 'PUT', 'written')
  await until(() => secretsManager.open() === 1)
  await caller.hangUp()
  t.equal(secretsManager.open(), 1, 'the call is not aborted')
  await secretsManager.lift()
  await until(() => outcomes(gateway, 'PutSecretValue').length === 2)
  const { json } = await gateway.send('GET', path)
  t.equal(json.value, 'written')
  t.match(outcomes(gateway, 'PutSecretValue').at(-1), { status: 200, versionId: json.versionId })
})
