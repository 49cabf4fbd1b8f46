import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { awsFrom } from '#src/config/aws'
import { configFrom } from '#src/config/config'
import { rememberSignatures, startFleet } from '#test/fleet'
import { build, declared, type Gateway, type Reply } from '#test/helper'
import { skip } from '#test/redis'
import { signCallerIdentity, startSts, type Principal, type Sts } from '#test/sts'

// Tests the operation logInWithAws. A contract test requires each operation ID to occur in the tests of its route.

const minute = 1 / (24 * 60)

const role: Principal = {
  accessKeyId: 'ASIAROLEROLEROLE',
  secretAccessKey: 'secret-of-the-role',
  sessionToken: 'session/token+of=the==role',
  account: '111122223333',
  userId: 'AROAPAYMENTSPAYMENTS:pod-1',
  arn: 'arn:aws:sts::111122223333:assumed-role/payments/pod-1'
}
const user: Principal = {
  accessKeyId: 'AKIAUSERUSERUSER',
  secretAccessKey: 'secret-of-the-user',
  account: '444455556666',
  userId: 'AIDAUSERUSERUSERUSER',
  arn: 'arn:aws:iam::444455556666:user/deployer'
}

const identities = [
  { account: '111122223333', uniqueId: 'AROAPAYMENTSPAYMENTS', groups: ['administrators'] },
  { account: '111122223333', groups: ['workloads'] },
  { account: '444455556666' }
]

interface Setup {
  sts: Sts
  change: NonNullable<Parameters<typeof build>[1]>
  logIn: (gateway: Gateway, principal: Principal, headers?: Record<string, string>) => Promise<Reply>
}

async function setUp (t: Test, settings: object = {}): Promise<Setup> {
  const sts = await startSts(t, [role, user])
  const aws = { serverId: 'gateway.test', regions: ['eu-west-1', 'eu-central-1'], identities, ...settings }
  return {
    sts,
    change: { authentication: { ...declared.authentication, aws }, aws: { stsEndpoint: sts.url } },
    logIn: async (gateway, principal, headers = {}) => {
      const nonce = { 'x-secrets-gateway-nonce': randomUUID() }
      const signed = await signCallerIdentity(principal, { host: new URL(sts.url).host, headers: { ...nonce, ...headers } })
      return gateway.send('POST', '/auth/aws/login', { token: null, json: { headers: signed } })
    }
  }
}

t.test('an AWS role logs in, and its token has the permissions in the configuration', async (t) => {
  const { sts, change, logIn } = await setUp(t)
  const gateway = await build(t, change)
  const reply = await logIn(gateway, role)
  t.match(reply, { status: 200, json: { caller: 'aws:111122223333:AROAPAYMENTSPAYMENTS' } })
  t.equal(reply.headers.get('cache-control'), 'no-store')
  const { token, expires } = reply.json
  t.ok(Math.abs(Date.parse(expires) - Date.now() - 15 * 60_000) < 5_000, 'valid for 15 minutes')
  t.match(decodeProtectedHeader(token), { alg: 'EdDSA', typ: 'secrets-gateway+jwt', kid: /^[\w-]{43}$/ })
  t.match(decodeJwt(token), { iss: 'urn:secrets-gateway', aud: 'gateway.test', sub: 'aws:111122223333:AROAPAYMENTSPAYMENTS' })

  t.equal((await gateway.send('PUT', '/environments/dev/secrets/a', { token, json: { value: 'v' } })).status, 201, 'the role is in the group of administrators')
  t.match(gateway.log.join(''), '"caller":"aws:111122223333:AROAPAYMENTSPAYMENTS"')
  t.notMatch(gateway.log.join(''), token)

  const [request] = sts.requests
  t.match(request, { method: 'POST', url: '/', body: 'Action=GetCallerIdentity&Version=2011-06-15' })
  t.equal(request?.headers['x-amz-security-token'], role.sessionToken)
  t.equal(sts.requests.length, 1)
})

t.test('an AWS user logs in, with the headers that AWS\'s own clients sign', async (t) => {
  const { change, logIn } = await setUp(t)
  const gateway = await build(t, change)
  const hash = '1a7d9b5b1d0b6b7b8d6d1c0e0e1d3c0e'
  const reply = await logIn(gateway, user, { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8', 'content-length': '43' })
  t.match(reply, { status: 200, json: { caller: 'aws:444455556666:AIDAUSERUSERUSERUSER' } })
  t.equal((await gateway.send('GET', '/environments/dev', { token: reply.json.token })).status, 404, 'without groups, it has no permissions')
  t.equal((await logIn(gateway, user, { 'x-amz-content-sha256': hash })).status, 400)
  const right = 'ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843'
  t.equal((await logIn(gateway, user, { 'x-amz-content-sha256': right })).status, 200)
})

t.test('a signature is exchanged for only one token, even if concurrent requests send it', async (t) => {
  const { sts, change } = await setUp(t)
  const gateway = await build(t, change)
  const headers = await signCallerIdentity(role, { host: new URL(sts.url).host })
  const logIn = async (): Promise<number> => (await gateway.send('POST', '/auth/aws/login', { token: null, json: { headers } })).status
  const statuses = await Promise.all(Array.from({ length: 20 }, logIn))
  t.same(statuses.filter((status) => status === 200).length, 1)
  t.same(statuses.filter((status) => status === 401).length, 19)
  t.equal(sts.requests.length, 1)
  const { current } = gateway.fastify.config
  gateway.fastify.config.replace({ ...current })
  t.equal(await logIn(), 401, 'even after a reload')
  gateway.advance(minute)
  gateway.advance(minute)
  t.equal(await logIn(), 401, 'the signature is too old')
})

t.test('a signature that was not exchanged for a token can be sent again', async (t) => {
  const { sts, change } = await setUp(t)
  const gateway = await build(t, change)
  const headers = await signCallerIdentity(role, { host: new URL(sts.url).host })
  const logIn = async (): Promise<Reply> => gateway.send('POST', '/auth/aws/login', { token: null, json: { headers } })
  sts.reply = { status: 503, type: 'text/xml', body: '' }
  const failed = await logIn()
  t.match(failed, { status: 503, json: { code: 'identity-provider-unavailable' } })
  t.equal(failed.headers.get('retry-after'), '5')
  sts.reply = undefined
  t.equal((await logIn()).status, 200)
})

t.test('a request that was signed for another host is refused without a call to STS', async (t) => {
  const { sts, change } = await setUp(t)
  const gateway = await build(t, change)
  const headers = await signCallerIdentity(role, { host: 'sts.eu-west-1.amazonaws.com' })
  t.match(await gateway.send('POST', '/auth/aws/login', { token: null, json: { headers } }), { status: 401 })
  t.same(sts.requests, [])
  t.match(gateway.log.join(''), 'aws-other-host')
})

t.test('a token expires, and its groups are those of the current configuration', async (t) => {
  const { change, logIn } = await setUp(t, { tokenLifetimeSeconds: 600 })
  const gateway = await build(t, change)
  const read = async (token: string): Promise<number> => (await gateway.send('GET', '/environments', { token })).status
  const { token } = (await logIn(gateway, role)).json
  gateway.advance(9 * minute)
  t.equal(await read(token), 200)
  gateway.advance(2 * minute)
  t.equal(await read(token), 401)

  gateway.advance(-11 * minute)
  const { current } = gateway.fastify.config
  const without = { ...current.authentication, aws: { serverId: 'gateway.test', regions: ['eu-west-1'], identities: identities.slice(2), keys: [] } }
  const { token: fresh } = (await logIn(gateway, role)).json
  t.equal(await read(fresh), 200)
  gateway.fastify.config.replace({ ...current, authentication: without })
  t.equal(await read(fresh), 401, 'the token of a removed identity is refused immediately')
  t.equal((await logIn(gateway, role)).status, 401)
  const { apiKeys, oidc, groups } = without
  gateway.fastify.config.replace({ ...current, authentication: { apiKeys, oidc, groups } })
  t.equal(await read(fresh), 401)
  t.match(await logIn(gateway, role), { status: 404, json: { code: 'not-found' } }, 'the route does not exist if no identities are configured')
})

t.test('replicas accept each other\'s tokens only if they share a key', async (t) => {
  const pem = (): string => generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  const folder = t.testdir({ 'old.pem': pem(), 'new.pem': pem() })
  const [old, next] = [join(folder, 'old.pem'), join(folder, 'new.pem')]
  const { change, logIn } = await setUp(t, { tokenKeyFiles: [old] })
  const [one, other, stranger] = [await build(t, change), await build(t, change), await build(t, (await setUp(t)).change)]
  const { token } = (await logIn(one, role)).json
  const read = async (gateway: Gateway): Promise<number> => (await gateway.send('GET', '/environments', { token })).status
  t.same([await read(one), await read(other), await read(stranger)], [200, 200, 401])

  for (const [files, expected] of [[[next, old], 200], [[next], 401]] as const) {
    const { authentication } = configFrom({ ...declared, ...(await setUp(t, { tokenKeyFiles: files })).change })
    other.fastify.config.replace({ ...other.fastify.config.current, authentication })
    t.equal(await read(other), expected, `${files.length} keys`)
  }
})

t.test('without a configured endpoint, AWS\'s STS in the region of the signature is used', async (t) => {
  const { change } = await setUp(t, { regions: ['eu-central-1', 'cn-north-1'] })
  const gateway = await build(t, { ...change })
  gateway.fastify.config.replace({ ...gateway.fastify.config.current, aws: awsFrom({}) })
  for (const [region, host] of [['eu-central-1', 'sts.eu-central-1.amazonaws.com'], ['cn-north-1', 'sts.cn-north-1.amazonaws.com.cn']] as const) {
    const headers = await signCallerIdentity(user, { host, region })
    const url = await askedUrl(t, async () => t.rejects(gateway.fastify.awsLogin(headers), { code: 'identity-provider-unavailable' }))
    t.equal(url, `https://${host}/`)
  }
})

/** Calls `act` while `fetch` fails as if there were no network. Returns the URL of the first request. */
async function askedUrl (t: Test, act: () => Promise<unknown>): Promise<unknown> {
  const asked: unknown[] = []
  const restore = t.intercept(globalThis, 'fetch', { value: async (url: string) => { asked.push(url); throw new TypeError('no network') } })
  await act()
  restore.restore()
  return asked[0]
}

t.test('a signature that one replica has accepted is refused by the others, and by all replicas during an outage of the shared state', { skip }, async (t) => {
  const { sts, change } = await setUp(t)
  const fleet = await startFleet(t, 2, change)
  const { redis, replicas: [one, other] } = fleet
  const sign = async (date: Date): Promise<object> =>
    signCallerIdentity(user, { host: new URL(sts.url).host, date, headers: { 'x-secrets-gateway-nonce': randomUUID() } })
  const send = async (gateway: Gateway, headers: object): Promise<Reply> => gateway.send('POST', '/auth/aws/login', { token: null, json: { headers } })
  t.match(await send(one, await sign(new Date())), { status: 401 }, 'it may have been used before the replicas began to remember')
  await rememberSignatures(fleet)
  const headers = await sign(new Date())
  t.equal((await send(one, headers)).status, 200)
  t.match(await send(other, headers), { status: 401, json: { code: 'unauthenticated' } })
  t.match(await send(one, headers), { status: 401 })
  t.match(await send(other, await sign(new Date())), { status: 200 })
  await redis.stop()
  const refused = await send(other, await sign(new Date(Date.now() + 2_000)))
  t.match(refused, { status: 503, json: { code: 'shared-state-unavailable' } })
  t.equal(refused.headers.get('retry-after'), '2')
})
