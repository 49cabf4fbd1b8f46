import { randomUUID } from 'node:crypto'
import t from 'tap'
import { failureText } from '#src/problems/failure'
import { passTime } from '#test/clock'
import type { Reply } from '#test/helper'
import { until } from '#test/until'
import { setUp } from './set-up.ts'
import { situations } from './situations.ts'

const path = '/environments/dev/secrets/a'

t.test(situations.breaker.what, async (t) => {
  const { gateway, secretsManager } = await setUp(t, { deadlineSeconds: 10 })
  await gateway.send('PUT', path, { json: { value: 'v' } })
  const read = async (): Promise<Reply> => gateway.send('GET', path)
  await secretsManager.plant({ kind: 'reply', status: 403 }, Infinity)
  for (let calls = 0; calls < 5; calls++) t.match(await read(), { status: 502, json: { code: 'aws-unavailable' } })
  t.equal(secretsManager.attempts(), 5)

  const refused = {
    status: 502, json: { code: 'aws-unavailable', detail: failureText({ operation: 'GetSecretValue', cause: 'not-answering', effect: 'not-done' }) }
  }
  const reply = await read()
  t.match(reply, refused)
  t.equal(reply.headers.get('retry-after'), '1')
  t.equal(secretsManager.attempts(), 5, 'AWS is not called')

  passTime(1_000)
  t.match(await read(), { json: { detail: failureText({ operation: 'GetSecretValue', cause: 'unreadable', effect: 'not-done' }) } })
  t.equal(secretsManager.attempts(), 6, 'one call is let through')
  t.equal((await read()).headers.get('retry-after'), '2', 'the next pause is twice as long')
  await secretsManager.lift()
  t.match(await read(), refused)
  passTime(2_000)
  t.match(await read(), { status: 200 })
  t.match(await read(), { status: 200 })
})

t.test(situations.overload.what, async (t) => {
  const { gateway, secretsManager } = await setUp(t, { deadlineSeconds: 60, slots: 8, queueSeconds: 0.3 })
  await gateway.send('PUT', path, { json: { value: 'v' } })
  await secretsManager.plant({ kind: 'slow', milliseconds: 200 }, Infinity)
  const replies = await Promise.all(Array.from({ length: 200 }, async () => gateway.send('GET', path)))
  const counts = { served: 0, refused: 0 }
  for (const { status, headers, json } of replies) {
    counts[status === 200 ? 'served' : 'refused'] += 1
    if (status === 200) continue
    t.match({ status, code: json.code, retryAfter: headers.get('retry-after') }, { status: 503, code: 'overloaded', retryAfter: /^\d+$/ })
  }
  t.ok(counts.served > 0 && counts.refused > 0)
  t.equal(secretsManager.attempts(), counts.served, 'AWS is called only for those that are served')
  t.match(await gateway.send('GET', path), { status: 200 }, 'even while AWS is still slow')
})

t.test(situations['kept connection'].what, async (t) => {
  const { gateway, secretsManager } = await setUp(t, { deadlineSeconds: 60, keptConnections: 'closed' })
  t.equal((await gateway.send('PUT', path, { json: { value: 'v' } })).status, 201)
  await secretsManager.plant({ kind: 'slow', milliseconds: 0 }, Infinity)
  gateway.awsCalls.length = 0
  t.match(await gateway.send('GET', path), { status: 200, json: { value: 'v' } })
  t.match(await gateway.send('PUT', path, { json: { value: 'w' }, headers: { 'idempotency-key': 'k' } }), { status: 200 })
  t.equal(secretsManager.attempts(), 2, 'each call needs a new connection')
  t.same(gateway.awsCalls, ['GetSecretValue', 'PutSecretValue'], 'AWS gets each call once')
})

t.test(situations['silent connection'].what, async (t) => {
  const { gateway, secretsManager } = await setUp(t, { deadlineSeconds: 0.5, keptConnections: 'silent' })
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a', SecretString: 'v' })
  const read = async (): Promise<Reply> => gateway.send('GET', path)
  const write = async (): Promise<Reply> => gateway.send('PUT', path, { json: { value: 'w' }, headers: { 'idempotency-key': randomUUID() } })
  for (const [call, operation, effect] of [[read, 'GetSecretValue', 'only-read'], [write, 'PutSecretValue', 'unknown']] as const) {
    t.match(await call(), { status: 200 })
    const detail = failureText({ operation, cause: 'timed-out', effect })
    t.match(await call(), { status: 504, json: { code: 'aws-timeout', detail } })
    await until(() => secretsManager.open() === 0)
  }
  t.match(await read(), { status: 200, json: { value: 'w' } }, 'the next call has a new connection')
})
