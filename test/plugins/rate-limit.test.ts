import t from 'tap'
import { configFrom } from '#src/config/config'
import { clientOf, keysFor, type Keys } from '#test/aws-endpoint'
import { startFleet } from '#test/fleet'
import { build, declared, tokens, type Gateway, type Reply } from '#test/helper'
import { sendRaw, type RawRequest } from '#test/raw'
import { skip } from '#test/redis'
import { until } from '#test/until'

/** Returns a limit whose window outlasts the test, so that nothing depends on the speed of the machine. */
const slow = (burst: number): { requestsPerSecond: number, burst: number } => ({ requestsPerSecond: burst / 3_000, burst })

const refused = { status: 429, json: { code: 'rate-limited', status: 429 } }
const bad = 'sgw_administrator.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

async function times (count: number, send: () => Promise<Reply>): Promise<number[]> {
  const statuses: number[] = []
  for (let index = 0; index < count; index += 1) statuses.push((await send()).status)
  return statuses
}

const dev = (gateway: Gateway, token: string | null = tokens.administrator) => async (): Promise<Reply> =>
  gateway.send('GET', '/environments/dev', { token })

const denials = ({ trail }: Gateway): unknown[] => trail().filter(({ code }) => code === 'rate-limited')

t.test('the limit of a caller', async (t) => {
  const gateway = await build(t, { limits: slow(3) })

  t.same(await times(4, dev(gateway)), [200, 200, 200, 429], 'as many requests as the burst allows')
  const reply = await dev(gateway)()
  t.match(reply, refused)
  const wait = Number(reply.headers.get('retry-after'))
  t.ok(wait > 2_500 && wait <= 3_000, `retry-after is the time until the window ends: ${wait}`)
  t.match(Object.fromEntries(reply.headers), { 'ratelimit-limit': '3', 'ratelimit-remaining': '0', 'ratelimit-reset': String(wait) })
  t.match(denials(gateway), [
    { event: 'denial', caller: { id: 'administrator' }, peer: '127.0.0.1', operation: 'describeEnvironment', status: 429, reason: 'caller' },
    { event: 'denial', caller: { id: 'administrator' } }
  ], 'each refusal is recorded')

  const refusals = [
    await gateway.send('GET', '/environments/none', { token: tokens.reader }),
    await gateway.send('GET', '/environments/dev/secrets', { token: tokens.reader }),
    await gateway.send('GET', '/environments/dev?x=y', { token: tokens.reader }),
    await gateway.send('GET', '/environments/dev', { token: tokens.reader })
  ]
  t.same(refusals.map(({ status }) => status), [404, 403, 400, 429], 'another caller has a limit of its own, and its refused requests count, too')

  const unsent = await sendRaw(gateway.url, {
    method: 'PUT',
    path: '/environments/dev/secrets/a',
    headers: [['Authorization', `Bearer ${tokens.administrator}`], ['Content-Type', 'application/json'], ['Content-Length', '1000000']],
    body: '{'
  })
  t.match(unsent, { status: 429, code: 'rate-limited' }, 'refused before the body is read')
  t.same(gateway.awsCalls, [])
})

t.test('windows end, and a reload changes the limits immediately', async (t) => {
  const gateway = await build(t, { limits: { requestsPerSecond: 1, burst: 1 } })
  const { config } = gateway.fastify
  const reload = (limits: object): void => {
    config.replace({ ...config.current, limits: configFrom({ ...declared, limits }).limits })
  }

  let reply = await dev(gateway)()
  t.equal(reply.status, 200)
  // Sends requests until one is refused, because on a busy machine, the window may end before the second request.
  await until(async () => {
    reply = await dev(gateway)()
    return reply.status === 429
  }, 0)
  t.equal(reply.headers.get('retry-after'), '1')
  await new Promise((resolve) => { setTimeout(resolve, 1_000) })
  t.equal((await dev(gateway)()).status, 200, 'allowed again after the time in Retry-After')

  reload(slow(2))
  t.same(await times(3, dev(gateway, tokens.reader)), [200, 200, 429])
  reload(slow(5))
  t.same(await times(3, dev(gateway, tokens.reader)), [200, 200, 429], 'earlier requests still count')
  reload(slow(1))
  t.same(await times(2, dev(gateway, tokens.writer)), [200, 429])
})

t.test('setting the clock neither prolongs nor ends a window', async (t) => {
  const gateway = await build(t, { limits: slow(2) })
  const { now } = Date
  t.teardown(() => { Date.now = now })
  t.same(await times(3, dev(gateway)), [200, 200, 429])
  for (const hours of [-1, 1]) {
    Date.now = () => now() + hours * 60 * 60 * 1_000
    const reply = await dev(gateway)()
    t.match(reply, refused)
    const wait = Number(reply.headers.get('retry-after'))
    t.ok(wait > 2_000 && wait <= 3_000, `${wait} seconds`)
  }
  Date.now = now
  gateway.advance(1 / 24)
  t.same(await times(3, dev(gateway)), [200, 200, 429], 'the window ends when its time has passed')
})

t.test('the limit of an environment', async (t) => {
  const gateway = await build(t, { limits: { ...slow(4), perEnvironment: slow(6) } })

  t.same(await times(5, dev(gateway)), [200, 200, 200, 200, 429], 'one caller can\'t use it up')
  t.equal((await gateway.send('GET', '/environments/dev/secrets', { token: tokens.writer })).status, 403)
  t.same(await times(2, dev(gateway, tokens.stranger)), [404, 404], 'requests of callers without permission do not count')
  t.same(await times(3, dev(gateway, tokens.reader)), [200, 200, 429], 'the limit applies to all callers together')
  t.same(await times(2, dev(gateway, tokens.stranger)), [404, 404], 'callers without permission learn nothing about the limit')
  t.equal((await gateway.send('GET', '/environments/staging', { token: tokens.pipeline })).status, 200, 'another environment is not affected')
  t.match(denials(gateway), [
    { reason: 'caller' },
    { event: 'denial', caller: { id: 'reader' }, environment: 'dev', reason: 'environment', decision: { allowed: true } }
  ])
})

t.test('a reply shows only the caller\'s own count', async (t) => {
  const gateway = await build(t, { limits: { ...slow(100), perEnvironment: slow(200) } })
  const counts = async (token: string): Promise<unknown[]> => {
    const { headers } = await dev(gateway, token)()
    return ['ratelimit-limit', 'ratelimit-remaining'].map((name) => headers.get(name))
  }
  t.same(await counts(tokens.reader), ['100', '99'])
  await times(50, dev(gateway))
  t.same(await counts(tokens.reader), ['100', '98'], 'requests of others to the environment do not show')

  const full = await build(t, { limits: { ...slow(4), perEnvironment: slow(5) } })
  await times(4, dev(full))
  const [last, refusal] = [await dev(full, tokens.reader)(), await dev(full, tokens.reader)()]
  t.match(last, { status: 200 })
  t.match(refusal, refused)
  t.match(Object.fromEntries(refusal.headers), { 'ratelimit-limit': '4', 'ratelimit-remaining': '2', 'retry-after': '3000' },
    'nor does the moment at which others began: Retry-After is the length of the window')
})

t.test('the limit of an address for unauthenticated requests', async (t) => {
  const gateway = await build(t, { limits: { ...declared.limits, unauthenticated: slow(3) } })

  t.same(await times(2, dev(gateway, bad)), [401, 401])
  t.same(await times(2, dev(gateway, null)), [401, 429], 'a missing token counts like a wrong one')
  const reply = await dev(gateway, tokens.expired)()
  t.match(reply, refused)
  t.ok(Number(reply.headers.get('retry-after')) > 2_500)
  const elsewhere = ['X-Real-IP', 'True-Client-IP', 'CF-Connecting-IP', 'X-Client-IP'].map((name) => [name, '10.0.0.1'] as const)
  const pretended: RawRequest = { path: '/environments/dev', headers: [['Authorization', `Bearer ${bad}`], ...elsewhere] }
  t.match(await sendRaw(gateway.url, pretended), { status: 429 }, 'no header changes the address')
  t.match(await sendRaw(gateway.url, { ...pretended, headers: [['X-Forwarded-For', '10.0.0.1']] }), { status: 400 }, 'a forwarding header is refused')
  t.same(await times(4, dev(gateway)), [200, 200, 200, 200], 'an authenticated caller is not locked out by others at the same address')
  t.match(denials(gateway)[0], { event: 'denial', caller: undefined, peer: '127.0.0.1', reason: 'address' })
  t.equal(denials(gateway).length, 3, 'each refusal is recorded')
  t.notMatch(gateway.log.join(''), bad)

  const login = async (): Promise<Reply> => gateway.send('POST', '/auth/aws/login', { token: null, json: { headers: {} } })
  t.same(await times(4, login), [404, 404, 404, 429], 'public routes have a limit of their own')
  t.equal((await gateway.send('GET', '/openapi.json', { token: null })).status, 429)
  const health = await times(5, async () => gateway.send('GET', '/health/live', { token: null }))
  t.same(health, [200, 200, 200, 200, 200], 'health checks have no limit')
})

t.test('behind a trusted proxy, limits apply to the addresses of its clients', async (t) => {
  const gateway = await build(t, { limits: { ...declared.limits, unauthenticated: slow(1) }, server: { trustedProxies: ['127.0.0.1'] } })
  const from = async (forwarded: string): Promise<number | undefined> =>
    (await sendRaw(gateway.url, { path: '/environments/dev', headers: [['X-Forwarded-For', forwarded]] }))?.status

  t.equal(await from('10.0.0.1'), 401)
  t.equal(await from('10.0.0.1'), 429)
  t.equal(await from('10.0.0.2'), 401, 'each client has a limit of its own')
  t.equal(await from('10.0.0.3, 10.0.0.1'), 429, 'an address that the client puts in front of its own is ignored')
  t.equal(await from('2001:db8::1'), 401)
  t.equal(await from('2001:db8::2'), 429, 'an IPv6 network has a single limit')
  t.equal(await from('2001:db8:0:1::1'), 401)
})

t.test('requests with an unverified claim of a caller\'s signature do not use up its limit', async (t) => {
  const gateway = await build(t, { limits: slow(4), server: { trustedProxies: ['127.0.0.1'] } })
  const keys = await keysFor(gateway)
  const wrong = { ...keys, SecretAccessKey: 'A'.repeat(40) }
  async function call (from: string, signedWith: Keys): Promise<string> {
    const client = clientOf(gateway, signedWith)
    client.middlewareStack.add((next) => async (args) => {
      Object.assign((args.request as { headers: object }).headers, { 'x-forwarded-for': from })
      return next(args)
    }, { step: 'finalizeRequest', priority: 'low' })
    return client.getRandomPassword().then(() => 'accepted', (error: unknown) => (error as Error).name).finally(() => { client.destroy() })
  }
  const calls = async (count: number, from: string, signedWith: Keys): Promise<string[]> => {
    const results: string[] = []
    for (let index = 0; index < count; index += 1) results.push(await call(from, signedWith))
    return results
  }

  const mismatch = 'InvalidSignatureException'
  t.same(await calls(5, '10.0.0.1', wrong), [mismatch, mismatch, mismatch, mismatch, 'ThrottlingException'], 'each address has a limit for them')
  t.same(await calls(4, '10.0.0.2', keys), ['accepted', 'accepted', 'accepted', 'ThrottlingException'], 'the fourth is the caller\'s fifth request')
  t.equal(await call('10.0.0.3', keys), 'ThrottlingException', 'what the caller has signed counts together')
  t.match(denials(gateway), [{ peer: '10.0.0.1', reason: 'caller' }, { peer: '10.0.0.2', reason: 'caller' }, { peer: '10.0.0.3', reason: 'caller' }])
})

t.test('replicas that share their state have one limit', { skip }, async (t) => {
  const limits = { ...slow(12), perEnvironment: slow(20), unauthenticated: slow(6) }
  const { redis, replicas } = await startFleet(t, 3, { limits })
  await until(() => replicas.every(({ fastify: { shared } }) => shared?.replicas() === 3))
  const inTurns = async (count: number, send: (gateway: Gateway) => Promise<Reply>): Promise<number[]> => {
    const statuses: number[] = []
    for (let index = 0; index < count; index += 1) {
      const gateway = replicas[index % 3]
      if (gateway !== undefined) statuses.push((await send(gateway)).status)
    }
    return statuses
  }
  const counted = (statuses: number[], status: number): number => statuses.filter((one) => one === status).length

  const caller = await inTurns(30, async (gateway) => dev(gateway)())
  t.ok(counted(caller, 200) >= 12 && counted(caller, 200) <= 14, `the caller's: ${caller.join(' ')}`)
  t.same(caller.slice(-12), Array.from({ length: 12 }, () => 429), 'each replica knows in the end')
  const environment = await inTurns(12, async (gateway) => dev(gateway, tokens.reader)())
  t.ok(counted(environment, 200) >= 6 && counted(environment, 200) <= 9, `the environment's: ${environment.join(' ')}`)
  const failures = await inTurns(15, async (gateway) => dev(gateway, bad)())
  t.ok(counted(failures, 401) >= 6 && counted(failures, 401) <= 8, `that of failures: ${failures.join(' ')}`)

  await redis.stop()
  await until(() => replicas.every(({ fastify: { shared } }) => shared?.isUp() === false))
  const alone = await inTurns(30, async (gateway) => gateway.send('GET', '/environments/staging', { token: tokens.pipeline }))
  t.equal(counted(alone, 200), 12, 'without the server, a share each')
  const [gateway] = replicas
  t.match(Object.fromEntries((await gateway.send('GET', '/environments/staging', { token: tokens.pipeline })).headers), { 'ratelimit-limit': '4' })
})
