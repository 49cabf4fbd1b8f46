import t from 'tap'
import { actionNames, actionTable } from '#src/authorization/actions'
import { build, policies, tokens, type Reply } from '#test/helper'

const text = `
  @id("administrators") permit (principal in Group::"administrators", action, resource);
  @id("reader") permit (principal == Caller::"reader", action in Action::"read", resource in Environment::"dev");
  @id("writer-sees") permit (principal == Caller::"writer", action == Action::"DescribeEnvironment", resource == Environment::"dev");
  @id("writer") permit (principal == Caller::"writer", action == Action::"PutSecretValue", resource is Secret in Environment::"dev") when { resource.name like "team-a/*" };
  @id("frozen") forbid (principal, action in Action::"rotate", resource in Environment::"dev");
`

t.test('listAllowedActions', async (t) => {
  const gateway = await build(t, { authorization: policies(text) })
  const ask = async (query: string, token: string | null = tokens.reader): Promise<Reply> => gateway.send('GET', `/authorization/actions?${query}`, { token })
  const actions = async (query: string, token?: string): Promise<string[]> => {
    const reply = await ask(query, token)
    t.equal(reply.status, 200, reply.text)
    return reply.json.actions
  }

  t.test('returns what the caller may do with a secret, or in an environment', async (t) => {
    t.same(await actions('environment=dev&name=payments/db'), ['DescribeSecret', 'GetSecretValue', 'ListSecretVersionIds', 'GetResourcePolicy'])
    t.same(await actions('environment=dev'), ['DescribeEnvironment', 'ListSecrets', 'BatchGetSecretValue', 'GetRandomPassword'])
    t.same(await actions('environment=dev&name=team-a/x', tokens.writer), ['PutSecretValue'])
    t.same(await actions('environment=dev&name=team-ab/x', tokens.writer), [])
  })

  t.test('agrees with the decision on each single action', async (t) => {
    const onSecrets = actionNames.filter((action) => actionTable[action].on.includes('Secret'))
    for (const token of [tokens.administrator, tokens.reader, tokens.writer]) {
      const allowed = []
      for (const action of onSecrets) {
        const { json } = await gateway.send('POST', '/authorization/check', { token, json: { action, environment: 'dev', name: 'team-a/x' } })
        if (json.allowed === true) allowed.push(action)
      }
      t.same(await actions('environment=dev&name=team-a/x', token), allowed)
    }
    t.same(gateway.awsCalls, [])
  })

  t.test('reveals nothing about an environment that the caller may not see', async (t) => {
    const body = async (environment: string): Promise<object> => {
      const { status, json } = await ask(`environment=${environment}&name=a`)
      t.equal(status, 404)
      return { ...json, detail: json.detail.replace(environment, 'ENV'), requestId: '', instance: '' }
    }
    t.same(await body('prod'), await body('none'))
  })

  t.test('refuses an invalid question', async (t) => {
    for (const query of ['', 'name=a', 'environment=Dev', 'environment=dev&name=..%2Fx', 'environment=dev&x=1', `environment=dev&name=${'n'.repeat(510)}`]) {
      t.match(await ask(query), { status: 400, json: { code: 'invalid-request', errors: [{ in: 'query' }] } }, query.slice(0, 40))
    }
    t.match(await ask('environment=dev', null), { status: 401 })
  })
})
