import t from 'tap'
import { build, tokens } from '#test/helper'

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
  t.same({ ...hidden.json, requestId: '', instance: '' }, { ...unknown.json, requestId: '', instance: '' }, 'the reply is the same for a hidden environment and an unknown one')
  t.match(await gateway.send('GET', '/environments/__proto__'), { status: 400, json: { errors: [{ in: 'path', pointer: '/env' }] } })
  t.match(await gateway.send('GET', '/environments/constructor'), { status: 404 })
})
