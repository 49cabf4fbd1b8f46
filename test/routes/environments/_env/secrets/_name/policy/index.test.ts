import t from 'tap'
import { build } from '#test/helper'

const secret = '/environments/dev/secrets/payments%2Fdb'
const path = `${secret}/policy`

const readBy = (principal: unknown): object => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: principal, Action: 'secretsmanager:GetSecretValue', Resource: '*' }]
})
const forAccount = readBy({ AWS: 'arn:aws:iam::222222222222:root' })

t.test('readPolicy, putPolicy, deletePolicy', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const none = await gateway.send('GET', path)
  t.match(none, { status: 200, json: { name: 'payments/db', arn: /^arn:/ } })
  t.notOk('resourcePolicy' in none.json, 'a secret without a policy has none in the reply')

  t.match(await gateway.send('PUT', path, { json: { resourcePolicy: forAccount } }), { status: 200, json: { name: 'payments/db', arn: /^arn:/ } })
  t.same((await gateway.send('GET', path)).json.resourcePolicy, forAccount)

  t.match(await gateway.send('DELETE', path), { status: 200, json: { name: 'payments/db' } })
  t.notOk('resourcePolicy' in (await gateway.send('GET', path)).json)
  t.match(await gateway.send('DELETE', path), { status: 200 }, 'deleting a policy that does not exist is not an error')
})

t.test('refusals by AWS', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const put = async (body: object): Promise<unknown> => gateway.send('PUT', path, { json: body })
  const refused = { status: 422, json: { code: 'aws-refused' } }
  t.match(await put({ resourcePolicy: { Statement: 'none' } }), { ...refused, json: { detail: 'This policy has invalid syntax.' } })
  t.match(await put({ resourcePolicy: readBy('*') }), refused, 'a public policy is refused, unless the request allows it')
  t.notOk('resourcePolicy' in (await gateway.send('GET', path)).json, 'nothing is attached')
  t.match(await put({ resourcePolicy: readBy('*'), blockPublicPolicy: false }), { status: 200 })
  t.same((await gateway.send('GET', path)).json.resourcePolicy, readBy('*'))

  await gateway.send('DELETE', secret)
  const calls = [['GET'], ['PUT', { json: { resourcePolicy: forAccount } }], ['DELETE']] as const
  for (const [method, options] of calls) {
    t.match(await gateway.send(method, path, options), { status: 409, json: { code: 'secret-pending-deletion' } }, method)
  }
  t.match(await gateway.send('GET', '/environments/dev/secrets/none/policy'), { status: 404, json: { code: 'secret-not-found' } })
})

t.test('refusals by the gateway', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', secret, { json: { value: 'v' } })
  const before = gateway.awsCalls.length
  const invalid = (pointer: string): object => ({ status: 400, json: { code: 'invalid-request', errors: [{ in: 'body', pointer }] } })
  t.match(await gateway.send('PUT', path, { json: {} }), invalid('/resourcePolicy'))
  t.match(await gateway.send('PUT', path, { json: { resourcePolicy: JSON.stringify(forAccount) } }), invalid('/resourcePolicy'), 'a string')
  t.match(await gateway.send('PUT', path, { json: { resourcePolicy: { Id: 'i'.repeat(20_472) } } }), invalid('/resourcePolicy'), '20,481 characters')
  t.equal(gateway.awsCalls.length, before, 'without asking AWS')
})
