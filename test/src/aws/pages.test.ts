import t from 'tap'
import { proxyWithFaults, type Fault } from '#test/faults'
import { build, type Gateway, type Reply } from '#test/helper'
import { secretsctl } from '#test/secretsctl'

const path = '/environments/dev/secrets'

/**
 * Returns a fake reply from AWS: a page with a token. It is valid for every operation that returns pages. It contains a version,
 * because the gateway reads on after an empty page of versions.
 */
const page = (NextToken: string): Fault => ({
  status: 200,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify({ SecretValues: [], SecretList: [], Versions: [{ VersionId: 'v'.repeat(32), CreatedDate: 1 }], NextToken })
})

/** Requests that read all pages, keyed by the AWS operation that returns the pages. */
const requests: Readonly<Record<string, (send: Gateway['send']) => Promise<Reply>>> = {
  BatchGetSecretValue: async (send) => send('POST', '/environments/dev/values', { json: { names: ['a'] } }),
  ListSecrets: async (send) => send('GET', path),
  async ListSecretVersionIds (send) {
    const { json: { nextCursor = '' } } = await send('GET', `${path}/a/versions`)
    return send('GET', `${path}/a/versions?cursor=${nextCursor}`)
  }
}

t.test('an empty token ends a list', async (t) => {
  const gateway = await build(t)
  await gateway.send('POST', `${path}/a`, { json: { value: 'v' } })
  const fail = await proxyWithFaults(t, gateway)
  for (const [operation, request] of Object.entries(requests)) {
    fail(operation, page('token'), page(''))
    const reply = await request(gateway.send)
    t.match(reply, { status: 200, json: { items: Array } }, operation)
    t.notOk('nextCursor' in reply.json, operation)
  }

  fail('ListSecretVersionIds', page(''))
  t.match(await secretsctl(gateway, ['versions', 'a', '--env', 'dev']), { status: 0, stdout: /^VERSION / })
})

t.test('a list in which a token follows itself has no end, so it is not read further', async (t) => {
  const gateway = await build(t)
  await gateway.send('POST', `${path}/a`, { json: { value: 'v' } })
  const fail = await proxyWithFaults(t, gateway)
  for (const [operation, request] of Object.entries(requests)) {
    fail(operation, page('token'), page('token'))
    t.match(await request(gateway.send), { status: 502, json: { code: 'aws-unavailable' } }, operation)
  }
  t.ok(gateway.log.some((line) => line.includes('RepeatedNextToken')), 'the log says why')

  fail('ListSecretVersionIds', page('token'), page('token'))
  t.match(await secretsctl(gateway, ['versions', 'a', '--env', 'dev']), { status: 1, stdout: '', stderr: /\(aws-unavailable, request / })
})
