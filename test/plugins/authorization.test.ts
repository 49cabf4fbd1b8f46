import Fastify from 'fastify'
import t from 'tap'
import { app } from '../../src/app.ts'
import { configFrom } from '../../src/config/config.ts'
import { liveConfig } from '../../src/config/live.ts'
import { serverOptions } from '../../src/server-options.ts'
import { build, declared, tokens } from '../helper.ts'

const path = '/environments/dev/secrets/a'

t.test('what is not granted is denied, and AWS is not asked', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', path, { json: { value: 'v' } })
  gateway.awsCalls.length = 0

  t.match(await gateway.send('PUT', path, { json: { value: 'w' }, token: tokens.reader }), { status: 403, json: { code: 'forbidden' } })
  t.match(await gateway.send('GET', path, { token: tokens.pipeline }), { status: 403, json: { code: 'forbidden' } }, 'whoever may do anything may see it')
  t.match(await gateway.send('GET', path, { token: tokens.stranger }), { status: 404, json: { code: 'not-found' } })
  t.same(gateway.awsCalls, [])
  t.match(await gateway.send('GET', path, { token: tokens.reader }), { status: 200, json: { value: 'v' } })
  t.equal((await gateway.send('HEAD', path, { token: tokens.stranger })).status, 404, 'HEAD needs what GET needs')
})

t.test('an environment that the caller may not see is answered like one that does not exist', async (t) => {
  const gateway = await build(t)
  const body = async (env: string): Promise<object> => {
    const { json } = await gateway.send('GET', `/environments/${env}/secrets/a`, { token: tokens.reader })
    return { ...json, requestId: '', instance: '' }
  }
  t.same(await body('prod'), await body('none'))

  const hidden = async (env: string): Promise<unknown[]> => Promise.all([
    gateway.send('PUT', `/environments/${env}/secrets/${'n'.repeat(505)}`, { json: { value: 'v' }, token: tokens.reader }),
    gateway.send('GET', `/environments/${env}/secrets/a`, { headers: { 'aws-credential-id': 'none' }, token: tokens.reader }),
    gateway.send('POST', `/environments/${env}/secrets`, {
      json: { awsCredentialId: 'a', secretNames: ['a'] }, headers: { 'aws-credential-id': 'b' }, token: tokens.reader
    })
  ].map(async (reply) => (await reply).json.code))
  t.same(await hidden('prod'), ['not-found', 'not-found', 'not-found'], 'whatever else is wrong')
  t.same(await hidden('none'), await hidden('prod'))
})

t.test('a route that declares no action fails the boot', async (t) => {
  for (const config of [{}, { action: 'Misspelt' as 'GetSecretValue' }]) {
    const fastify = Fastify(serverOptions('silent'))
    t.teardown(async () => fastify.close())
    await fastify.register(app, { config: liveConfig(configFrom(declared)) })
    t.throws(() => fastify.get('/undeclared', { config }, async () => 'reached'), /GET \/undeclared declares no action/)
  }
})
