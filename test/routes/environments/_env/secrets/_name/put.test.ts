import t from 'tap'
import { build, policies, tokens } from '#test/helper'

const path = '/environments/dev/secrets/payments%2Fdb'

t.test('putSecret', async (t) => {
  const gateway = await build(t)

  t.test('creates the secret if it does not exist, and then new versions', async (t) => {
    const created = await gateway.send('PUT', path, { json: { value: 'v1' } })
    t.equal(created.status, 201)
    t.equal(created.headers.get('location'), path)
    const updated = await gateway.send('PUT', path, { json: { value: 'v2' } })
    t.equal(updated.status, 200)
    t.equal(updated.headers.get('location'), null)
    t.notOk('created' in updated.json)
    t.not(updated.json.versionId, created.json.versionId)
  })

  t.test('does not create it for callers without CreateSecret', async (t) => {
    const other = await build(t, {
      authorization: policies(`
        @id("stranger") permit (
          principal == Caller::"stranger", action in [Action::"DescribeEnvironment", Action::"PutSecretValue"], resource in Environment::"dev"
        );
      `)
    })
    const reply = await other.send('PUT', path, { json: { value: 'v' }, token: tokens.stranger })
    t.match(reply, { status: 404, json: { code: 'secret-not-found' } })
    t.same(other.awsCalls, ['PutSecretValue'])
  })

  t.test('stores a value of exactly 65,536 bytes, and no larger one', async (t) => {
    const largest = 'é'.repeat(32_768)
    t.equal((await gateway.send('PUT', path, { json: { value: largest } })).status, 200)
    t.equal((await gateway.send('GET', path)).json.value, largest)
    t.match(await gateway.send('PUT', path, { json: { value: `${largest}x` } }), { status: 400, json: { errors: [{ pointer: '/value' }] } })
  })

  t.test('concurrent first writers all succeed', async (t) => {
    const replies = await Promise.all(Array.from({ length: 10 }, (_, index) =>
      gateway.send('PUT', '/environments/dev/secrets/raced', { json: { value: `v${index}` } })))
    t.same(replies.map(({ status }) => status).sort(), [...Array<number>(9).fill(200), 201])
  })

  t.test('returns the same version for the same Idempotency-Key', async (t) => {
    const put = async (value: string): Promise<Awaited<ReturnType<typeof gateway.send>>> =>
      gateway.send('PUT', path, { json: { value }, headers: { 'idempotency-key': 'k' } })
    const first = await put('v')
    t.same((await put('v')).json, first.json)
    t.match(await put('w'), { status: 409, json: { code: 'idempotency-conflict' } })
  })
})
