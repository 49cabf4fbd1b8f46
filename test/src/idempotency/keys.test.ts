import t, { type Test } from 'tap'
import { createIdempotencyKeys } from '#src/idempotency/in-memory-keys'
import type { IdempotencyKeys } from '#src/idempotency/port'
import { createSharedIdempotencyKeys } from '#src/idempotency/shared-keys'
import type { Scope } from '#src/secrets/scope'
import { skip, startRedis } from '#test/redis'
import { connect } from '#test/src/jobs/forms'

const scope = { callerId: 'c', credentialId: 'local-dev', environment: { name: 'dev' }, idempotencyKey: 'k' } as unknown as Scope

/** The implementations of the store of keys, each from the point of view of two replicas. */
const forms: readonly { name: string, skip: string | false, create: (t: Test) => Promise<[IdempotencyKeys, IdempotencyKeys]> }[] = [
  {
    name: 'in memory',
    skip: false,
    create: async () => {
      const keys = createIdempotencyKeys()
      return [keys, keys]
    }
  },
  {
    name: 'in Redis',
    skip,
    create: async (t) => {
      const redis = await startRedis(t)
      return [createSharedIdempotencyKeys(await connect(t, redis)), createSharedIdempotencyKeys(await connect(t, redis))]
    }
  }
]

for (const { name, skip: skipped, create } of forms) {
  t.test(`idempotency keys that are kept ${name}`, { skip: skipped }, async (t) => {
    const [one, other] = await create(t)
    const body = { secrets: [{ name: 'a', value: 'v' }], onConflict: 'skip' }
    await one.check(scope, body)
    await t.resolves(other.check(scope, { onConflict: 'skip', secrets: [{ value: 'v', name: 'a' }] }), 'the order of the members does not matter')
    const mismatch = { code: 'idempotency-mismatch' }
    await t.rejects(other.check(scope, { ...body, secrets: [{ name: 'a', value: 'w' }] }), mismatch, 'another value')
    await t.rejects(other.check({ ...scope, credentialId: 'another' }, body), mismatch, 'another credential')
    await t.resolves(other.check(scope, body), 'the first request stays the one of the key')
    for (const change of [{ callerId: 'd' }, { idempotencyKey: 'l' }, { environment: { name: 'prod' } as Scope['environment'] }]) {
      await t.resolves(other.check({ ...scope, ...change }, { secretNames: ['b'] }), JSON.stringify(change))
    }
    const { idempotencyKey, ...keyless } = scope
    t.equal(idempotencyKey, 'k')
    await t.resolves(other.check(keyless, { secretNames: ['b'] }), 'without a key')
  })
}

t.test('by default, Redis keeps 100,000 keys for a day', async (t) => {
  let asked: readonly unknown[] = []
  const keys = createSharedIdempotencyKeys({
    key: (...parts) => parts.join(':'),
    hidden: (purpose) => purpose,
    async run (_script, names, args = []) { asked = [...names, ...args] }
  })
  t.equal(await keys.check(scope, { value: 'canary' }), 'idempotency fingerprint')
  t.same(asked, ['idempotency:fingerprints', 'idempotency:used', 'idempotency key', 'idempotency fingerprint', 100_000, 86_400_000])
})

t.test('Redis keeps the latest keys, for their lifetime, as HMACs', { skip }, async (t) => {
  const redis = await startRedis(t)
  const shared = await connect(t, redis)
  const keys = createSharedIdempotencyKeys(shared, { keys: 2, lifetime: 60_000 })
  const check = async (idempotencyKey: string, value = 'canary'): Promise<string> =>
    keys.check({ ...scope, idempotencyKey }, { value }).then(() => 'recorded', () => 'refused')
  for (const key of ['canary-1', 'canary-2', 'canary-3']) await check(key)
  t.equal(await check('canary-3', 'other'), 'refused')
  t.equal(await check('canary-1', 'other'), 'recorded', 'it was forgotten')
  const name = shared.key('idempotency', 'fingerprints')
  t.match(await redis.command('HLEN', name), ':2')
  t.notMatch(await redis.command('HGETALL', name), 'canary')

  const brief = createSharedIdempotencyKeys(shared, { keys: 100, lifetime: 0 })
  await brief.check({ ...scope, idempotencyKey: 'canary-3' }, { value: 'another' })
  await t.resolves(brief.check({ ...scope, idempotencyKey: 'canary-3' }, { value: 'again another' }))
  await redis.stop()
  await t.rejects(keys.check(scope, {}), { code: 'shared-state-unavailable' })
})
