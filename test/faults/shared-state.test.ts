import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { rememberSignatures, startFleet, type Fleet } from '#test/fleet'
import { declared, tokens, type Gateway, type Reply } from '#test/helper'
import { skip } from '#test/redis'
import { signCallerIdentity, startSts } from '#test/sts'
import { until } from '#test/until'
import { situations } from './situations.ts'

const path = '/environments/dev/secrets/a'
const user = { accessKeyId: 'AKIAUSERUSERUSER', secretAccessKey: 'secret-of-the-user', account: '111122223333', userId: 'AIDAUSERUSERUSERUSER', arn: 'arn:aws:iam::111122223333:user/user' }

/** The time limit of a command, in milliseconds. */
const timeout = 200

interface Scene extends Fleet {
  readonly logIn: (gateway: Gateway) => Promise<Reply>
  readonly untilUp: (isUp: boolean) => Promise<void>
}

/** Starts two replicas and writes a value. Each caller may send 200 requests to both replicas together. */
async function setUp (t: Test): Promise<Scene> {
  const sts = await startSts(t, [user])
  const aws = { serverId: 'gateway.test', regions: ['eu-west-1'], identities: [{ account: user.account }] }
  const fleet = await startFleet(t, 2, {
    cache: {}, authentication: { ...declared.authentication, aws }, aws: { stsEndpoint: sts.url }, limits: { requestsPerSecond: 0.1, burst: 200 }
  }, timeout)
  await fleet.replicas[0].send('PUT', path, { json: { value: 'v0' } })
  await until(() => fleet.replicas.every(({ fastify: { shared } }) => shared?.replicas() === 2))
  await rememberSignatures(fleet)
  // Lets 20 seconds pass, because a value that is read within ten seconds of a write is cached for only one second.
  fleet.replicas[0].advance(20 / 86_400)
  return {
    ...fleet,
    async logIn (gateway) {
      const headers = await signCallerIdentity(user, {
        host: new URL(sts.url).host, date: new Date(Date.now() + 2_000), headers: { 'x-secrets-gateway-nonce': randomUUID() }
      })
      return gateway.send('POST', '/auth/aws/login', { token: null, json: { headers } })
    },
    untilUp: async (isUp) => until(() => fleet.replicas.every(({ fastify: { shared } }) => shared?.isUp() === isUp))
  }
}

/** Returns the median time of some reads, in milliseconds. All reads must succeed. */
async function medianOfReads (t: Test, gateway: Gateway): Promise<number> {
  const times: number[] = []
  for (let count = 0; count < 15; count += 1) {
    const start = performance.now()
    t.match(await gateway.send('GET', path), { status: 200 })
    times.push(performance.now() - start)
  }
  return times.sort((one, other) => one - other)[7] ?? Infinity
}

/** Sends requests of a caller to all replicas until each has refused one. Returns the number of allowed requests. */
async function allowed ({ replicas }: Fleet, token: string): Promise<number> {
  let count = 0
  for (const gateway of replicas) {
    while ((await gateway.send('GET', '/environments', { token })).status === 200) count += 1
  }
  return count
}

/** Checks the gateways' promises for the time when the server can't be used. */
async function promises (t: Test, scene: Scene): Promise<void> {
  const { replicas: [one, other], logIn } = scene
  t.ok(await medianOfReads(t, one) < timeout, 'reads take no longer than before')
  t.equal((await one.send('PUT', path, { json: { value: 'v1' } })).status, 200)
  t.match((await one.send('GET', path)).json, { value: 'v1' })
  t.match((await other.send('GET', path)).json, { value: 'v0' }, 'the other replica has cached the old value')
  t.match(await logIn(other), { status: 503, json: { code: 'shared-state-unavailable' } })
  t.equal((await other.send('GET', '/health/ready')).status, 200)
  t.equal(await allowed(scene, tokens.stranger), 200, 'a share of the limit each')
}

t.test(situations['shared state hangs'].what, { skip }, async (t) => {
  const scene = await setUp(t)
  const { redis, replicas: [one, other] } = scene
  await other.send('GET', path)
  await until(async () => (await other.send('GET', path)).headers.get('cache-status')?.includes('hit') === true)
  redis.freeze()
  const start = performance.now()
  t.match(await one.send('GET', path), { status: 200 })
  t.ok(performance.now() - start < 10 * timeout)
  await scene.logIn(other)
  await scene.untilUp(false)
  await promises(t, scene)
  redis.thaw()
  await scene.untilUp(true)
  t.equal((await scene.logIn(one)).status, 200)
  await until(async () => (await other.send('GET', path)).json.value === 'v1')
})

t.test(situations['shared state gone'].what, { skip }, async (t) => {
  const scene = await setUp(t)
  const { redis, replicas: [one, other] } = scene
  await until(async () => (await other.send('GET', path)).headers.get('cache-status')?.includes('hit') === true)
  await redis.stop()
  await scene.untilUp(false)
  await promises(t, scene)

  await t.test(situations['shared state back'].what, async (t) => {
    // This write bypasses the gateways, so no replica announces it.
    await one.aws('AKIADEV').putSecretValue({ SecretId: 'dev/a', SecretString: 'v2' })
    await redis.start()
    await scene.untilUp(true)
    t.match((await other.send('GET', path)).json, { value: 'v2' }, 'the cache has been emptied')
    const flushed = one.awsCalls.length
    await until(async () => (await other.send('GET', path)).headers.get('cache-status')?.includes('hit') === true)
    for (let count = 0; count < 5; count += 1) await other.send('GET', path)
    t.ok(one.awsCalls.length <= flushed + 2, 'once')
    await new Promise((resolve) => { setTimeout(resolve, 1_500) })
    t.ok(Math.abs(await allowed(scene, tokens.writer) - 200) <= 20, 'one limit again')
    t.equal((await scene.logIn(one)).status, 401, 'the server has lost its data, so the signature may have been used')
    await rememberSignatures(scene)
    t.equal((await scene.logIn(one)).status, 200)
  })
})
