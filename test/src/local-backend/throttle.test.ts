import { CreateSecretCommand, GetRandomPasswordCommand, ListSecretsCommand } from '@aws-sdk/client-secrets-manager'
import t from 'tap'
import { createThrottle } from '#src/local-backend/throttle'
import { clientOf, otherAccount, rawRequest, errorIn, start } from './backend.ts'

const scope = { accountId: '123456789012', region: 'eu-west-1' }

await t.test('each group of operations has its quota in any second, separately for each account and region', (t) => {
  let now = 0
  const isTooMuch = createThrottle(undefined, () => now)
  const put = (count: number, operation = 'PutSecretValue', where = scope) =>
    Array.from({ length: count }, () => isTooMuch(where, operation)).filter(Boolean).length
  t.equal(put(25), 0)
  now = 600
  t.equal(put(20), 0)
  t.equal(put(10, 'UpdateSecret'), 5, 'the operations of a group count together')
  now = 999
  t.equal(put(1), 1)
  now = 1000
  t.equal(put(30), 5, 'as many calls are allowed again as were made a second ago')
  t.equal(put(50, 'CreateSecret'), 0, 'another family')
  t.equal(put(50, 'PutSecretValue', { ...scope, region: 'eu-central-1' }), 0)
  t.equal(put(51, 'PutSecretValue', { ...scope, accountId: '210987654321' }), 1)
  t.equal(put(100, 'NoSuchOperation'), 0)
  t.end()
})

await t.test('a backend that throttles answers like AWS, and does not carry out the call', async (t) => {
  const events: object[] = []
  const backend = await start(t, { throttling: 2, onOperation: (event) => { events.push(event) } })
  const client = clientOf(t, backend)
  for (const Name of ['a', 'b']) await client.send(new CreateSecretCommand({ Name }))
  t.strictSame(errorIn(t, await rawRequest(backend, { operation: 'CreateSecret', body: '{}' })), {
    type: 'ThrottlingException', message: 'Rate exceeded', status: 400
  }, 'before the request is validated')
  await t.rejects(client.send(new CreateSecretCommand({ Name: 'c' })), { name: 'ThrottlingException' })
  t.equal((await client.send(new ListSecretsCommand())).SecretList?.length, 2)
  await clientOf(t, backend, otherAccount).send(new CreateSecretCommand({ Name: 'a' }))
  t.match(events, [{ throttled: undefined }, { throttled: undefined }, { operation: 'CreateSecret', throttled: true }, { throttled: true }, {}, {}])
})

await t.test('throttling by AWS\'s own quotas, and none', async (t) => {
  for (const options of [{ throttling: true }, { throttling: false }, {}]) {
    const client = clientOf(t, await start(t, options))
    const started = performance.now()
    const sent = await Promise.allSettled(Array.from({ length: 150 }, () => client.send(new GetRandomPasswordCommand())))
    const granted = sent.filter(({ status }) => status === 'fulfilled').length
    const seconds = Math.ceil((performance.now() - started) / 1000)
    t.equal(granted, options.throttling === true ? Math.min(granted, 50 * seconds) : 150)
    t.ok(granted >= 50)
  }
})
