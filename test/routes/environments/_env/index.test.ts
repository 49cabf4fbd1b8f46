import t from 'tap'
import { build, policies, tokens } from '#test/helper'

t.test('describeEnvironment', async (t) => {
  const gateway = await build(t)

  t.same((await gateway.send('GET', '/environments/prod')).json, {
    name: 'prod',
    region: 'eu-west-1',
    credential: 'prod-account',
    allowedCredentials: ['prod-account'],
    namePrefix: 'production-secrets/',
    tags: { environment: 'prod' },
    replicaRegions: [],
    recoveryWindowInDays: 30,
    deletionProtection: true,
    requiredSecrets: ['payments/db']
  })
  t.match((await gateway.send('GET', '/environments/staging')).json, { kmsKeyId: 'alias/staging', namePrefix: 'staging/' })

  const unknown = await gateway.send('GET', '/environments/none')
  const hidden = await gateway.send('GET', '/environments/prod', { token: tokens.reader })
  t.match(unknown, { status: 404, json: { code: 'not-found' } })
  t.equal(unknown.json.detail, 'No environment `none`, or you may not see it. You can see: dev, staging, prod.')
  t.equal(hidden.json.detail, 'No environment `prod`, or you may not see it. You can see: dev.')
  t.equal((await gateway.send('GET', '/environments/prod', { token: tokens.stranger })).json.detail, 'No environment `prod`, or you may not see it. You can see none.')
  const comparable = (json: { detail: string }, env: string): object => ({ ...json, detail: json.detail.replace(env, 'ENV'), requestId: '', instance: '' })
  t.same(comparable(hidden.json, 'prod'), comparable((await gateway.send('GET', '/environments/none', { token: tokens.reader })).json, 'none'), 'the reply is the same for a hidden environment and an unknown one')
  t.match(await gateway.send('GET', '/environments/__proto__'), { status: 400, json: { errors: [{ in: 'path', pointer: '/env' }] } })
  t.match(await gateway.send('GET', '/environments/constructor'), { status: 404 })
})

t.test('a problem names at most 20 environments', async (t) => {
  const names = Array.from({ length: 23 }, (_, index) => `env-${index}`)
  const environments = Object.fromEntries(names.map((name) => [name, { region: 'eu-west-1', credential: 'dev-account' }]))
  const gateway = await build(t, { environments, authorization: policies('@id("all") permit (principal, action, resource);') })
  const { json } = await gateway.send('GET', '/environments/none')
  t.equal(json.detail, `No environment \`none\`, or you may not see it. You can see: ${names.slice(0, 20).join(', ')} and 3 more.`)
})
