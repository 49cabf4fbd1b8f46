import t, { type Test } from 'tap'
import type { Failure, Outage } from '#src/shared/failures'
import { script } from '#src/shared/script'
import type { SharedSettings } from '#src/shared/settings'
import { createShared, type Shared } from '#src/shared/shared'
import { authority, serverPair } from '#test/certificates'
import { freePort } from '#test/free-port'
import { settingsFor, skip, startRedis, type TestRedis } from '#test/redis'
import { until } from '#test/until'

interface Observed {
  readonly shared: Shared
  /** The reported states: `up`, or the reason why the server could not be used. */
  readonly states: ('up' | Outage)[]
  /** One element for each time that the server could be used again: true if messages may have been missed. */
  readonly ups: boolean[]
  readonly failures: (Failure | undefined)[]
  /** The durations of the commands. */
  readonly seconds: number[]
  /** Returns the number of messages that no replica with the same key has sent. */
  readonly foreign: () => number
}

/** A monotonic clock does not show the date, so it can begin at any number. */
const clockStart = 1e9

async function open (t: Test, redis: Pick<TestRedis, 'port'>, change: Partial<SharedSettings> = {}): Promise<Observed> {
  let foreign = 0
  const observed: Omit<Observed, 'shared'> = { states: [], ups: [], failures: [], seconds: [], foreign: () => foreign }
  const shared = createShared({
    settings: () => settingsFor(redis, change),
    onUp () { observed.states.push('up') },
    onDown (outage) { observed.states.push(outage) },
    onCommand (seconds, failure) {
      observed.failures.push(failure)
      observed.seconds.push(seconds)
    },
    onForeignMessage () { foreign += 1 },
    monotonic: () => clockStart + performance.now(),
    random: () => 0
  })
  shared.onUp((isNew) => { observed.ups.push(isNew) })
  t.teardown(shared.close)
  await shared.firstAttempt
  return { shared, ...observed }
}

const unavailable = (failure: Failure): { code: string, options: { reason: string } } => ({ code: 'shared-state-unavailable', options: { reason: `shared-state-${failure}` } })

/** Returns the number of PING commands, with which a slow server is probed, since the last `CONFIG RESETSTAT`. */
const probes = async (redis: TestRedis): Promise<number> =>
  Number(/cmdstat_ping:calls=(\d+)/.exec(await redis.command('INFO', 'commandstats'))?.[1] ?? 0)

t.test('commands and scripts', { skip }, async (t) => {
  const redis = await startRedis(t)
  const began = performance.now()
  const { shared, states, ups, seconds } = await open(t, redis)
  t.ok(shared.isUp())
  t.same([states, ups], [['up'], [true]])
  shared.onUp((isNew) => { ups.push(isNew) })
  t.same(ups, [true, true], 'whoever asks later learns that the server can be used')
  t.equal(await shared.send(['SET', shared.key('a', 'b'), 'value']), 'OK')
  t.match(await redis.command('GET', '{test}:a:b'), 'value')
  const add = script('return redis.call("INCRBY", KEYS[1], ARGV[1])')
  t.equal(await shared.run(add, [shared.key('n')], [2]), 2)
  t.equal(await shared.run(add, [shared.key('n')], [3]), 5, 'the server knows the script by now')
  await redis.command('SCRIPT', 'FLUSH')
  t.equal(await shared.run(add, [shared.key('n')], [4]), 9, 'a script that the server has forgotten is sent again')
  await t.rejects(shared.send(['HGETALL', shared.key('n')]), unavailable('refused'), 'a mistake in a command does not end the session')
  t.ok(shared.isUp())
  const elapsed = (performance.now() - began) / 1_000
  t.ok(seconds.length >= 5 && seconds.every((each) => each >= 0 && each <= elapsed), `${seconds.join(' ')}, all within ${elapsed} seconds`)
  t.ok(seconds.reduce((sum, each) => sum + each, 0) > 0)
})

t.test('messages reach every replica of the fleet, and only if a member of the fleet has sent them', { skip }, async (t) => {
  const redis = await startRedis(t)
  const [one, other] = [await open(t, redis), await open(t, redis)]
  const strangers = [await open(t, redis, { key: Buffer.alloc(32, 'other') }), await open(t, redis, { fleet: 'other' })]
  const replicas = [one, other, ...strangers]
  const received: string[][] = replicas.map(() => [])
  for (const [index, { shared }] of replicas.entries()) shared.onMessage('invalidations', (message) => { received[index]?.push(message) })
  await one.shared.publish('invalidations', 'hello')
  await redis.command('PUBLISH', '{test}:invalidations', 'hello')
  await redis.command('PUBLISH', '{test}:invalidations', `${'A'.repeat(22)}forged`)
  await other.shared.publish('invalidations', 'bye')
  await until(() => received[0]?.length === 2 && received[1]?.length === 2)
  t.same(received, [['hello', 'bye'], ['hello', 'bye'], [], []])
  t.same([one, other].map(({ foreign }) => foreign()), [2, 2])
  await until(() => strangers[0]?.foreign() === 4)
  t.equal(strangers[1]?.foreign(), 0, 'a fleet of another name has channels of its own')
})

t.test('replicas count each other', { skip }, async (t) => {
  const redis = await startRedis(t)
  const first = await open(t, redis)
  t.equal(first.shared.replicas(), 1)
  const others = await Promise.all([open(t, redis), open(t, redis)])
  await until(() => [first, ...others].every(({ shared }) => shared.replicas() === 3))
  t.equal(new Set([first, ...others].map(({ shared }) => shared.replicaId)).size, 3)
  await others[0].shared.close()
  t.match(await redis.command('ZCARD', '{test}:replicas'), ':2', 'a replica that ends takes itself off the list')
  await redis.stop()
  await until(() => !first.shared.isUp())
  const known = first.shared.replicas()
  t.ok(known >= 2, 'the last known number counts')
  await redis.start()
  await until(first.shared.isUp)
  t.equal(first.shared.replicas(), known, 'a server without its data does not know the others yet')
})

t.test('a server that is stopped and started', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { shared, states, ups, failures } = await open(t, redis)
  await redis.stop()
  await until(() => !shared.isUp())
  const start = performance.now()
  for (let count = 0; count < 100; count += 1) await t.rejects(shared.send(['GET', 'a']), unavailable('unreachable'))
  t.ok(performance.now() - start < 1_000, 'no command waits')
  t.same(states, ['up', 'unreachable'], 'reported once')
  await redis.start()
  await until(shared.isUp)
  t.equal(await shared.send(['PING']), 'PONG')
  t.same([states, ups], [['up', 'unreachable', 'up'], [true, true]], 'messages may have been missed')
  t.same(failures.filter((failure) => failure !== undefined), [])
})

t.test('a server that hangs for a while', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { shared, states, ups } = await open(t, redis, { timeout: 100 })
  const received: string[] = []
  shared.onMessage('invalidations', (message) => { received.push(message) })
  await redis.command('CONFIG', 'RESETSTAT')
  redis.freeze()
  const start = performance.now()
  await t.rejects(shared.publish('invalidations', 'sent while it hung'), unavailable('slow'))
  await t.rejects(shared.send(['GET', 'a']), unavailable('slow'), 'the next command is refused at once')
  t.ok(performance.now() - start < 700, 'the first command has waited for the time limit, and the second one not at all')
  await until(() => states.includes('slow'))
  redis.thaw()
  await until(shared.isUp)
  t.same([states, ups], [['up', 'slow', 'up'], [true, false]], 'the session was kept')
  await until(() => received.length > 0)
  t.same(received, ['sent while it hung'], 'no message was missed')
  t.ok(await probes(redis) >= 2, 'the reply that came too late is not enough')
  await new Promise((resolve) => { setTimeout(resolve, 200) })
  t.equal(states.length, 3, 'the probe that was answered in time reports nothing later')
})

t.test('a single command that is late is no outage', { skip }, async (t) => {
  const redis = await startRedis(t)
  const change = { timeout: 50 }
  const { shared, states, ups } = await open(t, redis, change)
  await redis.command('CONFIG', 'RESETSTAT')
  redis.freeze()
  const late = Array.from({ length: 5 }, async () => t.rejects(shared.send(['GET', 'a']), unavailable('slow')))
  // The probe, which decides whether there is an outage, gets a long time limit.
  change.timeout = 60_000
  await Promise.all(late)
  t.notOk(shared.isUp())
  redis.thaw()
  await until(shared.isUp)
  t.same([states, ups], [['up'], [true]], 'nothing is reported')
  t.equal(await probes(redis), 1, 'they are all about the same session')
})

t.test('a server that hangs for long', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { shared, states, ups } = await open(t, redis, { timeout: 100 })
  redis.freeze()
  await t.rejects(shared.send(['GET', 'a']), unavailable('slow'))
  await new Promise((resolve) => { setTimeout(resolve, 6_500) })
  redis.thaw()
  await until(shared.isUp)
  t.same([states, ups], [['up', 'slow', 'up'], [true, true]], 'another session was opened')
})

t.test('too many commands', { skip }, async (t) => {
  const redis = await startRedis(t)
  const { shared } = await open(t, redis, { timeout: 60_000 })
  /**
   * Sends 1,500 commands at once. Returns how many are refused: sometimes one more, because the gateway sends a heartbeat, too.
   */
  const refused = async (): Promise<number> => {
    const results = await Promise.allSettled(Array.from({ length: 1_500 }, async () => shared.send(['PING'])))
    const failed = results.filter((result) => result.status === 'rejected')
    t.match(failed[0], { reason: unavailable('busy') })
    return failed.length
  }
  t.equal(Math.min(await refused(), await refused()), 500, 'commands beyond the maximum are refused')
  t.equal(await shared.send(['PING']), 'PONG')
})

t.test('a server that can\'t be used', { skip }, async (t) => {
  const redis = await startRedis(t)
  await t.test('nobody listens', async (t) => {
    const { shared, states, ups } = await open(t, { port: 1 })
    t.notOk(shared.isUp())
    shared.onUp((isNew) => { ups.push(isNew) })
    t.same(ups, [])
    t.same(states, ['unreachable'])
    t.equal(shared.replicas(), 3, 'the number that the configuration assumes')
    await t.rejects(shared.send(['PING']), unavailable('unreachable'))
  })
  await t.test('it hangs from the start', async (t) => {
    redis.freeze()
    const { states } = await open(t, redis)
    redis.thaw()
    t.same(states, ['slow'])
  })
  await t.test('it accepts no writes', async (t) => {
    await redis.command('REPLICAOF', '127.0.0.1', '1')
    const { shared, states } = await open(t, redis)
    t.same(states, ['unusable'])
    await redis.command('REPLICAOF', 'NO', 'ONE')
    await until(shared.isUp)
    await until(async () => (await redis.command('CLIENT', 'LIST')).split('id=').length - 1 === 2)
    t.pass('the attempts before have left no connection behind')
    await redis.command('REPLICAOF', '127.0.0.1', '1')
    await t.rejects(shared.send(['SET', 'a', 'b']), unavailable('unusable'))
    await until(() => !shared.isUp())
    await redis.command('REPLICAOF', 'NO', 'ONE')
    await until(shared.isUp)
  })
  await t.test('the password', async (t) => {
    const secured = await startRedis(t, '--requirepass', 'the-password', '--user', 'gateway', 'on', '>gateway-password', '~{test}:*', '&{test}:*', ...'+@connection +@pubsub +@read +@write +@scripting +time'.split(' '), '--user', 'guest', 'on', '>guest-password', '+@connection')
    for (const change of [{}, { password: 'wrong' }, { username: 'gateway', password: 'the-password' }, { username: 'guest', password: 'guest-password' }]) {
      const { states } = await open(t, secured, change)
      t.same(states, ['unusable'], JSON.stringify(change))
    }
    for (const change of [{ password: 'the-password' }, { username: 'gateway', password: 'gateway-password' }]) {
      const { states } = await open(t, secured, change)
      t.same(states, ['up'], JSON.stringify(change))
    }
  })
})

t.test('TLS', { skip }, async (t) => {
  const issuer = await authority()
  const pair = await serverPair(issuer)
  const folder = t.testdir({ 'cert.pem': pair.cert, 'key.pem': pair.key })
  const port = await freePort()
  await startRedis(t, '--tls-port', String(port), '--tls-cert-file', `${folder}/cert.pem`, '--tls-key-file', `${folder}/key.pem`, '--tls-auth-clients', 'no')
  const trusted = await open(t, { port }, { tls: true, authority: issuer.cert })
  t.same(trusted.states, ['up'])
  t.equal(await trusted.shared.send(['PING']), 'PONG')
  t.same((await open(t, { port }, { tls: true, authority: (await authority()).cert })).states, ['unreachable'], 'another authority')
  t.same((await open(t, { port }, { tls: true })).states, ['unreachable'], 'the public authorities')
  const elsewhere = await issuer.issue([{ type: 'dns', value: 'elsewhere' }], { usage: '1.3.6.1.5.5.7.3.1' })
  const other = t.testdir({ 'cert.pem': elsewhere.cert, 'key.pem': elsewhere.key })
  const otherPort = await freePort()
  await startRedis(t, '--tls-port', String(otherPort), '--tls-cert-file', `${other}/cert.pem`, '--tls-key-file', `${other}/key.pem`, '--tls-auth-clients', 'no')
  t.same((await open(t, { port: otherPort }, { tls: true, authority: issuer.cert })).states, ['unreachable'], 'another name')
})

t.test('a connection that is closed while it is opened ends', { skip }, async (t) => {
  const redis = await startRedis(t)
  redis.freeze()
  const states: string[] = []
  const shared = createShared({
    settings: () => settingsFor(redis),
    onUp () { states.push('up') },
    onDown (outage) { states.push(outage) },
    onCommand: () => undefined,
    onForeignMessage: () => undefined,
    monotonic: () => performance.now()
  })
  await new Promise((resolve) => { setTimeout(resolve, 100) })
  await shared.close()
  redis.thaw()
  await until(async () => (await redis.command('CLIENT', 'LIST')).split('\n').filter((line) => line.includes('id=')).length === 1)
  t.same(states, [])
  t.notOk(shared.isUp())
})
