import t from 'tap'
import { passTime } from '#test/clock'
import { build, tokens, type Gateway, type Reply } from '#test/helper'
import { until } from '#test/until'

const path = '/environments/dev/secrets/payments%2Fdb'

const patch = async (gateway: Gateway, json: unknown, headers: Record<string, string> = {}): Promise<Reply> =>
  gateway.send('PATCH', `${path}/value`, { body: JSON.stringify(json), headers: { 'content-type': 'application/merge-patch+json', ...headers } })

t.test('patchValue', async (t) => {
  const gateway = await build(t)
  const value = async (): Promise<string> => (await gateway.send('GET', path)).json.value

  t.test('changes, adds and removes single keys, and keeps every digit of the others', async (t) => {
    await gateway.send('PUT', path, { json: { value: '{"user":"app","password":"old","big":12345678901234567890,"nested":{"a":1.0,"b":2}}' } })
    const reply = await patch(gateway, { password: 'new', user: null, nested: { b: null, c: [1] }, host: 'db' })
    t.equal(reply.status, 200)
    t.equal(reply.headers.get('etag'), `"${reply.json.versionId}"`)
    t.equal(await value(), '{"password":"new","big":12345678901234567890,"nested":{"a":1.0,"c":[1]},"host":"db"}')
    t.match((await gateway.send('GET', path)).json.versionStages, ['AWSCURRENT'], 'no label is left behind')
  })

  t.test('concurrent patches are all applied', async (t) => {
    await gateway.send('PUT', path, { json: { value: {} } })
    const replies = await Promise.all(Array.from({ length: 8 }, (_, index) => patch(gateway, { [`k${index}`]: index })))
    const kept = replies.flatMap(({ status }, index) => status === 200 ? [`k${index}`] : [])
    t.equal(kept.length, 8)
    t.same(Object.keys(JSON.parse(await value())).sort(), kept)
  })

  t.test('reports a conflict if other writers keep winning', async (t) => {
    await gateway.send('PUT', path, { json: { value: { a: 1 } } })
    const other = await build(t)
    await other.send('PUT', path, { json: { value: { a: 1 } } })
    other.fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add((next, { commandName }) => async (args) => {
      if (commandName === 'PutSecretValueCommand') await other.aws('AKIADEV').putSecretValue({ SecretId: 'dev/payments/db', SecretString: '{"a":2}' })
      // After this time, the gateway accepts a reply that shows another write, and does not read again.
      else passTime(3_000)
      return next(args)
    }, { step: 'initialize', priority: 'low' })
    const reply = await patch(other, { a: 3 })
    t.match(reply, { status: 409, json: { code: 'write-conflict' } })
    t.equal(reply.headers.get('retry-after'), '1')
  })

  t.test('makes no further attempt after ten seconds, or after the caller has disconnected', async (t) => {
    const other = await build(t)
    await other.send('PUT', path, { json: { value: { a: 1 } } })
    let attempts = 0
    let isLeaving = false
    const hangUp = new AbortController()
    other.fastify.awsClient('dev-account', 'eu-west-1').middlewareStack.add((next, { commandName }) => async (args) => {
      if (commandName === 'PutSecretValueCommand') {
        attempts += 1
        await other.aws('AKIADEV').putSecretValue({ SecretId: 'dev/payments/db', SecretString: `{"a":${Math.random()}}` })
        if (attempts === 1 && isLeaving) hangUp.abort()
        passTime(4_000)
      }
      return next(args)
    }, { step: 'initialize', priority: 'low' })
    t.match(await patch(other, { a: 3 }), { status: 409, json: { code: 'write-conflict' } })
    t.equal(attempts, 3)

    attempts = 0
    isLeaving = true
    await t.rejects(fetch(`${other.url}${path}/value`, {
      method: 'PATCH',
      body: '{"a":4}',
      headers: { authorization: `Bearer ${tokens.administrator}`, 'content-type': 'application/merge-patch+json' },
      signal: hangUp.signal
    }))
    await until(() => other.trail().at(-1)?.event === 'outcome' && other.trail().at(-1)?.status === 499)
    t.equal(attempts, 1)
  })

  t.test('creates no version if nothing changes', async (t) => {
    const { json: { versionId } } = await gateway.send('PUT', path, { json: { value: { a: 1, b: null } } })
    for (const nothing of [{}, { a: 1 }, { none: null }]) {
      t.match(await patch(gateway, nothing), { status: 200, json: { unchanged: true, versionId } })
    }
  })

  t.test('requires GetSecretValue, because the reply depends on the current value', async (t) => {
    const headers = { 'content-type': 'application/merge-patch+json' }
    t.match(await gateway.send('PATCH', `${path}/value`, { body: '{}', headers, token: tokens.writer }), { status: 403, json: { code: 'forbidden' } })
  })

  t.test('with If-Match, patches only that version', async (t) => {
    const { json: { versionId } } = await gateway.send('PUT', path, { json: { value: { a: 1 } } })
    t.equal((await patch(gateway, { a: 2 }, { 'if-match': `"${versionId}"` })).status, 200)
    t.match(await patch(gateway, { a: 3 }, { 'if-match': `"${versionId}"` }), { status: 412, json: { code: 'precondition-failed' } })
    t.equal(await value(), '{"a":2}')
    t.match(await gateway.send('PATCH', '/environments/dev/secrets/none/value', { body: '{}', headers: { 'content-type': 'application/merge-patch+json', 'if-match': '*' } }), { status: 412 })
  })

  t.test('changes an object that is stored as bytes, and stores it as bytes again', async (t) => {
    await gateway.send('PUT', path, { json: { value: Buffer.from('{"user":"é","n":1.0}').toString('base64'), encoding: 'base64' } })
    t.equal((await patch(gateway, { a: 1 })).status, 200)
    const { encoding, value } = (await gateway.send('GET', path)).json
    t.equal(encoding, 'base64')
    t.equal(Buffer.from(value, 'base64').toString(), '{"user":"é","n":1.0,"a":1}')
    t.match(await patch(gateway, { a: 1 }), { status: 200, json: { unchanged: true } })
  })

  t.test('requires a JSON object, a merge patch, and a result that is not too large', async (t) => {
    await gateway.send('PUT', path, { json: { value: 'text' } })
    t.match(await patch(gateway, { a: 1 }), { status: 409, json: { code: 'value-not-json' } })
    await gateway.send('PUT', path, { json: { value: '[1]' } })
    t.match(await patch(gateway, { a: 1 }), { status: 409, json: { code: 'value-not-object' } })
    await gateway.send('PUT', path, { json: { value: 'AP8=', encoding: 'base64' } })
    t.match(await patch(gateway, { a: 1 }), { status: 409, json: { code: 'value-binary' } })
    t.match(await patch(gateway, [1]), { status: 400 })
    t.match(await gateway.send('PATCH', `${path}/value`, { json: { a: 1 } }), { status: 415 })
    t.match(await gateway.send('PUT', path, { body: '{"value":"v"}', headers: { 'content-type': 'application/merge-patch+json' } }), { status: 415 })
    await gateway.send('PUT', path, { json: { value: {} } })
    t.match(await patch(gateway, { a: 'x'.repeat(65_536) }), { status: 400, json: { errors: [{ message: /65536 bytes/ }] } })
    await gateway.send('POST', '/environments/dev/secrets/empty', { json: {} })
    t.match(await gateway.send('PATCH', '/environments/dev/secrets/empty/value', { body: '{}', headers: { 'content-type': 'application/merge-patch+json' } }), { status: 409, json: { code: 'secret-has-no-value' } })
  })
})
