import Fastify from 'fastify'
import t from 'tap'
import { app } from '#src/app'
import { configFrom } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serverOptions } from '#src/http/server-options'
import { build, declared, policies, send, tokens } from '#test/helper'

const path = '/environments/dev/secrets/a'

t.test('a request without a grant is denied, and AWS is not called', async (t) => {
  const gateway = await build(t)
  await gateway.send('PUT', path, { json: { value: 'v' } })
  gateway.awsCalls.length = 0

  t.match(await gateway.send('PUT', path, { json: { value: 'w' }, token: tokens.reader }), { status: 403, json: { code: 'forbidden' } })
  t.match(await gateway.send('GET', path, { token: tokens.pipeline }), { status: 403, json: { code: 'forbidden' } }, 'a caller with any permission in the environment may see it')
  t.match(await gateway.send('GET', path, { token: tokens.stranger }), { status: 404, json: { code: 'not-found' } })
  t.same(gateway.awsCalls, [])
  t.match(await gateway.send('GET', path, { token: tokens.reader }), { status: 200, json: { value: 'v' } })
  t.equal((await gateway.send('HEAD', path, { token: tokens.stranger })).status, 404, 'HEAD requires the same permission as GET')
})

t.test('the reply is the same for an environment that the caller may not see and one that does not exist', async (t) => {
  const gateway = await build(t)
  const body = async (env: string): Promise<object> => {
    const { json } = await gateway.send('GET', `/environments/${env}/secrets/a`, { token: tokens.reader })
    return { ...json, detail: json.detail.replace(env, 'ENV'), requestId: '', instance: '' }
  }
  t.same(await body('prod'), await body('none'))

  const hidden = async (env: string): Promise<unknown[]> => Promise.all([
    gateway.send('PUT', `/environments/${env}/secrets/${'n'.repeat(505)}`, { json: { value: 'v' }, token: tokens.reader }),
    gateway.send('GET', `/environments/${env}/secrets/a`, { headers: { 'aws-credential-id': 'none' }, token: tokens.reader }),
    gateway.send('POST', `/environments/${env}/secrets`, {
      json: { awsCredentialId: 'a', secretNames: ['a'] }, headers: { 'aws-credential-id': 'b' }, token: tokens.reader
    })
  ].map(async (reply) => (await reply).json.code))
  t.same(await hidden('prod'), ['not-found', 'not-found', 'not-found'], 'regardless of other errors in the request')
  t.same(await hidden('none'), await hidden('prod'))
})

t.test('the gateway does not start if a route declares no action', async (t) => {
  for (const config of [{}, { action: 'Misspelt' as 'GetSecretValue' }]) {
    const fastify = Fastify(serverOptions('silent'))
    t.teardown(async () => fastify.close())
    await fastify.register(app, { config: liveConfig(configFrom(declared)) })
    t.throws(() => fastify.get('/undeclared', { config }, async () => 'reached'), /GET \/undeclared declares no action/)
  }
})

t.test('the gateway does not start if a route\'s action does not apply to its resource', async (t) => {
  const fastify = Fastify(serverOptions('silent'))
  t.teardown(async () => fastify.close())
  await fastify.register(app, { config: liveConfig(configFrom(declared)) })
  const get = (url: string, action: 'GetSecretValue' | 'ListSecrets'): void => { fastify.get(url, { config: { action } }, async () => 'reached') }
  t.throws(() => { get('/environments/:env/other', 'GetSecretValue') }, /GET \/environments\/:env\/other declares GetSecretValue, which can't be done/)
  t.throws(() => { get('/environments/:env/secrets/:name/other', 'ListSecrets') }, /declares ListSecrets, which can't be done/)
})

t.test('the request keeps its decision and the policies that determined it', async (t) => {
  const fastify = Fastify(serverOptions('silent'))
  t.teardown(async () => fastify.close())
  // Nothing listens on this port, so allowed requests fail when they call AWS. Their decision must be recorded all the same.
  await fastify.register(app, { config: liveConfig(configFrom({ ...declared, aws: { endpoint: 'http://127.0.0.1:9' } })) })
  const decisions: unknown[] = []
  fastify.addHook('onResponse', async ({ found }) => { decisions.push(found.decision ?? found.visibility) })
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })
  for (const [target, token, headers] of [
    ['/environments/dev', tokens.reader],
    [path, tokens.reader],
    [`${path}/metadata`, tokens.reader],
    [path, tokens.administrator, { 'aws-credential-id': 'prod-account' }],
    ['/environments/prod/secrets/a', tokens.reader],
    ['/environments/none/secrets/a', tokens.reader],
    ['/environments', tokens.reader]
  ] as const) await send(url, 'GET', target, { token, ...(headers !== undefined && { headers }) })
  const denied = { allowed: false, policies: [] }
  t.same(decisions, [{ allowed: true, policies: ['reader'] }, { allowed: true, policies: ['reader'] }, denied, denied, denied, denied, undefined])
})

t.test('an evaluation error is a denial, and is logged', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`@id("everything") permit (principal, action, resource);
      @id("erring") forbid (principal, action == Action::"GetSecretValue", resource) when { 9223372036854775807 + 1 == 0 };`)
  })
  t.equal((await gateway.send('PUT', path, { json: { value: 'v' } })).status, 201)
  t.match(await gateway.send('GET', path), { status: 403, json: { code: 'forbidden' } })
  t.match(gateway.log.find((line) => line.includes('evaluation')), /"level":"error".*"policies":\["erring"\],"failure":"integer overflow/)
})

t.test('an environment is visible through any of its credentials', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`@id("stranger") permit (
      principal == Caller::"stranger", action in [Action::"read", Action::"write"], resource in Environment::"dev"
    ) when { context.credential == Credential::"unknown-to-aws" };`)
  })
  const status = async (url: string, headers: Record<string, string> = {}): Promise<number> =>
    (await gateway.send('GET', url, { token: tokens.stranger, headers })).status
  t.equal(await status('/environments/dev'), 200)
  t.match((await gateway.send('GET', '/environments', { token: tokens.stranger })).json, { items: [{ name: 'dev' }] })
  t.equal(await status(path), 403, 'the caller may not use the default credential')
  t.equal(await status(path, { 'aws-credential-id': 'unknown-to-aws' }), 502, 'the caller may use the other one, although AWS rejects it')
  t.equal(await status('/environments/prod'), 404)
})

t.test('a list contains only secrets that the caller may describe, on all of its pages', async (t) => {
  const gateway = await build(t, {
    authorization: policies(`
      @id("administrators") permit (principal in Group::"administrators", action, resource);
      @id("list") permit (principal == Caller::"stranger", action in Action::"read", resource == Environment::"dev");
      @id("team-a") permit (principal == Caller::"stranger", action == Action::"DescribeSecret", resource is Secret in Environment::"dev")
        when { resource.name like "team-a/*" };
      @id("others") permit (principal == Caller::"stranger", action == Action::"GetSecretValue", resource is Secret in Environment::"dev");
    `)
  })
  const secretNames = ['other/1', 'team-a/1', 'team-ab/1', 'team-a/2', 'team-a', 'other/2', 'team-a/3']
  await gateway.send('POST', '/environments/dev/secrets', { json: { secretNames } })
  gateway.catchUp()
  const found: string[] = []
  const sizes: number[] = []
  let cursor = ''
  do {
    const { json } = await gateway.send('GET', `/environments/dev/secrets?limit=2&sort=name${cursor && `&cursor=${encodeURIComponent(cursor)}`}`, { token: tokens.stranger })
    found.push(...json.items.map(({ name }: { name: string }) => name))
    sizes.push(json.items.length)
    cursor = json.nextCursor ?? ''
  } while (cursor !== '')
  t.same(found, ['team-a/1', 'team-a/2', 'team-a/3'], 'secrets that the caller may only read are left out')
  t.notOk(sizes.slice(0, -1).includes(0), 'only the last page can be empty, because an empty page would reveal hidden secrets')
})
