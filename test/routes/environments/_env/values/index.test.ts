import t from 'tap'
import { build, policies, tokens } from '#test/helper'

const path = '/environments/dev/values'

t.test('readSecrets', async (t) => {
  const gateway = await build(t)
  const read = async (json: object, token: string = tokens.administrator): Promise<[string, string][]> => {
    const reply = await gateway.send('POST', path, { json, token })
    t.equal(reply.status, 200)
    t.equal(reply.headers.get('cache-control'), 'no-store')
    return reply.json.items.map(({ name, secret, problem }: { name: string, secret?: { value: string }, problem?: { code: string } }) =>
      [name, secret?.value ?? problem?.code])
  }
  await gateway.send('POST', '/environments/dev/secrets', {
    json: {
      secrets: [...Array.from({ length: 45 }, (_, index) => ({ name: `many/${index}`, value: `v${index}` })), { name: 'binary', value: 'AP8=', encoding: 'base64' }],
      secretNames: ['empty']
    }
  })
  await gateway.send('PUT', '/environments/staging/secrets/other', { json: { value: 'x' } })

  t.test('by name, in the requested order, each with its value or its problem', async (t) => {
    t.same(await read({ names: ['many/7', 'none', 'many/3', 'binary'] }), [['many/7', 'v7'], ['none', 'secret-not-found'], ['many/3', 'v3'], ['binary', 'AP8=']])
  })

  t.test('one without a value does not affect the others', async (t) => {
    t.same(await read({ names: ['many/7', 'empty', 'many/3'] }), [['many/7', 'v7'], ['empty', 'secret-has-no-value'], ['many/3', 'v3']])
    t.same(await read({ filters: { namePrefix: 'empty' } }), [['empty', 'secret-has-no-value']])
  })

  t.test('any number of names, in AWS\'s batches of 20', async (t) => {
    gateway.awsCalls.length = 0
    const names = Array.from({ length: 45 }, (_, index) => `many/${index}`)
    t.same(await read({ names }), names.map((name, index) => [name, `v${index}`]))
    t.same(gateway.awsCalls, ['BatchGetSecretValue', 'BatchGetSecretValue', 'BatchGetSecretValue'])
  })

  t.test('by filters, from all pages', async (t) => {
    t.equal((await read({ filters: { namePrefix: 'many/' } })).length, 45)
    t.same(await read({ filters: { namePrefix: 'many/44' } }), [['many/44', 'v44']])
    t.same(await read({ filters: { namePrefix: 'other' } }), [], 'only secrets of this environment')
  })

  t.test('a name that the caller may not read fails alone', async (t) => {
    const other = await build(t, {
      authorization: policies(`
        @id("stranger") permit (
          principal == Caller::"stranger", action in [Action::"DescribeEnvironment", Action::"BatchGetSecretValue"], resource in Environment::"dev"
        );
      `)
    })
    const reply = await other.send('POST', path, { json: { names: ['a'] }, token: tokens.stranger })
    t.match(reply, { status: 200, json: { items: [{ name: 'a', problem: { code: 'forbidden', status: 403 } }] } })
    t.same(other.awsCalls, [])
    const filtered = await other.send('POST', path, { json: { filters: { namePrefix: 'a' } }, token: tokens.stranger })
    t.same(filtered.json, { items: [] })
  })

  t.test('refuses an invalid list of names', async (t) => {
    gateway.awsCalls.length = 0
    for (const json of [
      {}, { names: [] }, { names: ['a', 'a'] }, { names: ['../a'] }, { names: ['a'], filters: { all: 'x' } }, { filters: {} }, { filters: { x: 'y' } },
      { names: ['n'.repeat(509)] }, { names: 'a' }
    ]) {
      t.match(await gateway.send('POST', path, { json }), { status: 400, json: { code: 'invalid-request', errors: [{ in: 'body' }] } })
    }
    t.same(gateway.awsCalls, [])
  })
})

t.test('a secret that IAM denies names the missing permission, not the call', async (t) => {
  const gateway = await build(t)
  const arn: Record<string, string> = {}
  for (const name of ['allowed', 'denied', 'payments/denied']) {
    arn[name] = (await gateway.send('PUT', `/environments/dev/secrets/${encodeURIComponent(name)}`, { json: { value: 'v' } })).json.arn
    if (name !== 'allowed') {
      await gateway.aws('AKIADEV').putResourcePolicy({ SecretId: `dev/${name}`, ResourcePolicy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Deny', Principal: { AWS: 'arn:aws:iam::111111111111:root' }, Action: 'secretsmanager:GetSecretValue', Resource: '*' }]
      }) })
    }
  }
  const problem = (name: string): { name: string, problem: object } => ({
    name, problem: { code: 'aws-access-denied', detail: `AWS denies secretsmanager:GetSecretValue on ${arn[name]} to the credential dev-account.` }
  })
  const byName = await gateway.send('POST', path, { json: { names: ['allowed', 'payments/denied', 'denied'] } })
  t.match(byName.json.items, [{ secret: { value: 'v' } }, problem('payments/denied'), problem('denied')])
  const byFilter = await gateway.send('POST', path, { json: { filters: { namePrefix: 'payments/' } } })
  t.match(byFilter.json.items, [problem('payments/denied')])
  t.match((await gateway.send('GET', '/environments/dev/secrets/denied')).json, problem('denied').problem)
  t.notMatch(byName.text, /User: |because|explicit/, 'AWS\'s text is not passed on')
})
