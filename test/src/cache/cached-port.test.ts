import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { Problem } from '#src/problems/problem'
import { cacheScene, nameOf, outage } from '#test/cache'

const minute = 60_000

/** Returns a promise and the function that resolves it. */
function held (): { promise: Promise<void>, release: () => void } {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  return { promise: promise.then(() => undefined), release: () => { resolve(undefined) } }
}

/** Waits until all reads that can be sent have been sent. */
async function iterations (): Promise<void> {
  for (let count = 0; count < 3; count++) await setImmediate()
}

t.test('a thousand reads of one secret are one call, and each caller learns its request ID', async (t) => {
  const { read, reads, gateway } = await cacheScene(t)
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a', SecretString: 'v' })
  const ids: string[] = []
  const onResponse = (id: string): void => { ids.push(id) }
  const outcomes = await Promise.all(Array.from({ length: 1_000 }, async () => read({ call: { onResponse } })))
  t.equal(reads.length, 1)
  t.ok(outcomes.every(({ secret }) => secret?.content === 'v'))
  t.equal(ids.length, 1_000)
  t.equal(new Set(ids).size, 1)
  t.match(outcomes.map(({ status }) => status).slice(0, 2), [{ forwarded: 'miss', collapsed: undefined }, { forwarded: 'miss', collapsed: true }])
})

t.test('a caller that leaves does not end the read for the others, and the last one does', async (t) => {
  const { read, reads, plan, settles } = await cacheScene(t)
  const hold = held()
  plan(async () => hold.promise)
  const [one, two] = [new AbortController(), new AbortController()]
  const outcomes = [read({ call: { signal: one.signal } }), read({ call: { signal: two.signal } })]
  await setImmediate()
  one.abort(new Problem('caller-gone'))
  t.match(await outcomes[0], { problem: { code: 'caller-gone' } })
  t.equal(reads[0]?.signal?.aborted, false)
  two.abort(new Problem('caller-gone'))
  t.match(await outcomes[1], { problem: { code: 'caller-gone' } })
  t.equal(reads[0]?.signal?.aborted, true)
  t.match(await read({ call: { signal: one.signal } }), { problem: { code: 'caller-gone' } }, 'a caller that has left before')
  const third = read()
  await iterations()
  t.equal(reads.length, 2, 'nobody waits for a read that has been ended, and nothing was sent for the caller that had left')
  hold.release()
  t.match(await third, { problem: { code: 'secret-not-found' } })
  await settles()
})

t.test('the result of a read that overlaps a write is not cached', async (t) => {
  const { read, reads, plan, cache, call, passes } = await cacheScene(t)
  await cache.port.createSecret(call, nameOf('a'), { content: 'old', tags: {}, replicaRegions: [] })
  passes(minute)
  t.match(await read(), { secret: { content: 'old' } })
  passes(10 * minute)
  const hold = held()
  plan(async (own) => own.callerId === 'slow' ? hold.promise : undefined)
  const slow = read({ call: { callerId: 'slow' } })
  await setImmediate()
  const written = cache.port.putSecretValue(call, nameOf('a'), 'new')
  await written
  t.match(await read(), { secret: { content: 'new' } }, 'nobody joins it')
  hold.release()
  await slow
  t.match(await read(), { secret: { content: 'new' }, status: { forwarded: undefined, ttl: 1_000 } })
  passes(1_000)
  t.match(await read(), { status: { forwarded: 'stale' } }, 'AWS is eventually consistent, so it is asked again after a second')
  passes(10_000)
  await read()
  passes(200_000)
  const count = reads.length
  t.match(await read(), { status: { age: 200_000 } })
  t.equal(reads.length, count)
  await t.rejects(cache.port.putSecretValue(call, nameOf('a'), 'different', { versionId: 'x' }))
  t.match(await read(), { status: { forwarded: 'miss' } }, 'a write that failed may have had an effect')
})

t.test('a value in use is renewed before it becomes stale, by a background call', async (t) => {
  const { read, reads, passes, gateway, settles, plan } = await cacheScene(t)
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/a', SecretString: 'v' })
  const first = await read()
  // It is read more often than every ten seconds, so it is not renewed early.
  for (let time = 0; time < 230_000; time += 10_000) {
    passes(10_000)
    await read()
  }
  passes(9_999)
  await read()
  t.equal(reads.length, 1)
  passes(1)
  t.match(await read(), { status: { age: 240_000 } })
  await read()
  await settles()
  t.equal(reads.length, 2, 'once')
  t.ok(reads[1]?.background)
  const renewed = await read()
  t.match(renewed, { status: { age: 0 } })
  t.equal(renewed.secret?.content, first.secret?.content)

  passes(225_000)
  plan(async () => { throw new Problem('aws-access-denied') })
  await read()
  await settles()
  t.match(await read(), { problem: { code: 'aws-access-denied' } }, 'a denial ends the use at once')
})

t.test('a value that is rarely read is renewed earlier, because it could expire before the next read', async (t) => {
  const { read, reads, passes, gateway, settles } = await cacheScene(t)
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a', SecretString: 'v' })
  await read()
  passes(149_999)
  await read()
  await settles()
  t.equal(reads.length, 1, 'not in the first half of its time to live')
  passes(1)
  await read()
  await settles()
  t.equal(reads.length, 2)
  t.ok(reads[1]?.background)
  t.match(await read(), { status: { age: 0 } })
})

t.test('a stale value is used only if AWS does not answer', async (t) => {
  const { read, reads, passes, gateway, plan, times, call, cache } = await cacheScene(t)
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/a', SecretString: 'v' })
  await read()
  passes(301_000)
  plan(async () => { throw outage() })
  t.match(await read(), { problem: { code: 'aws-unavailable' }, status: { forwarded: 'stale', age: undefined } }, 'not by default')
  times.staleIfError = 3_600_000
  const stale = { secret: { content: 'v' }, status: { forwarded: undefined, ttl: -1_000, problem: 'aws-unavailable' } }
  t.match(await read(), stale, 'at once, because AWS has not answered just before')
  t.equal(reads.length, 2)
  t.match(await read({ maximumAge: 0 }), { problem: { code: 'aws-unavailable' } }, 'not if the caller wants AWS\'s answer')
  passes(5_000)
  t.match(await read(), { ...stale, status: { forwarded: 'stale', ttl: -6_000 } })

  for (const problem of [new Problem('overloaded'), new Problem('caller-gone'), new Problem('aws-unavailable')]) {
    passes(5_000)
    plan(async () => { throw problem })
    t.match(await read(), { problem: { code: problem.code } }, `${problem.code}: nothing says that AWS did not answer`)
  }
  plan(async () => { throw new Problem('aws-throttled') })
  t.match(await read(), { secret: { content: 'v' }, status: { problem: 'aws-throttled' } })
  passes(3_600_000)
  t.match(await read(), { problem: { code: 'aws-throttled' } }, 'its second time is over')

  for (const code of ['aws-access-denied', 'secret-pending-deletion', 'kms-failure', 'credential-invalid'] as const) {
    plan(() => undefined)
    await read()
    passes(301_000)
    plan(async () => { throw new Problem(code) })
    t.match(await read(), { problem: { code } })
    plan(async () => { throw outage() })
    t.match(await read(), { problem: { code: 'aws-unavailable' } }, `never after ${code}`)
  }
  await cache.port.putSecretValue(call, nameOf('a'), 'new')
  plan(() => undefined)
  await read()
  passes(1_001)
  plan(async () => { throw outage() })
  t.match(await read(), { problem: { code: 'aws-unavailable' } }, 'what was read just after a write may be out of date')
})

t.test('callers of a role share values, but not the failures of their sessions', async (t) => {
  const { read, reads, plan, gateway } = await cacheScene(t, { hasSessions: () => true })
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a', SecretString: 'v' })
  plan(async ({ callerId }) => { if (callerId === 'alice') throw new Problem('credential-invalid') })
  const [alice, bob] = await Promise.all([read(), read({ call: { callerId: 'bob' } })])
  t.match(alice, { problem: { code: 'credential-invalid' } })
  t.match(bob, { secret: { content: 'v' }, status: { forwarded: 'miss' } })
  await read({ call: { callerId: 'bob' } })
  t.match(await read(), { secret: { content: 'v' }, status: { forwarded: undefined } })
  t.same(reads.map(({ callerId }) => callerId), ['alice', 'bob', 'bob'])
})

t.test('with shareReads: false, each caller\'s values are cached separately', async (t) => {
  const { read, reads, gateway } = await cacheScene(t, { sharesReads: () => false })
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a', SecretString: 'v' })
  for (const callerId of ['alice', 'bob', 'alice', 'bob']) await read({ call: { callerId } })
  t.same(reads.map(({ callerId }) => callerId), ['alice', 'bob'])
})

t.test('a shared problem names the credential only if all callers may see it', async (t) => {
  const { read, reads, plan } = await cacheScene(t)
  const hold = held()
  plan(async () => hold.promise)
  const outcomes = [read({ call: { mayNameCredential: () => true } })]
  await setImmediate()
  t.equal(reads[0]?.mayNameCredential?.(), true)
  outcomes.push(read({ call: { mayNameCredential: () => false } }))
  await setImmediate()
  t.equal(reads[0]?.mayNameCredential?.(), false)
  hold.release()
  await Promise.all(outcomes)
})

t.test('values are removed when they expire, when the cache is full, and when it is cleared', async (t) => {
  const { read, reads, passes, gateway, cache, settles } = await cacheScene(t, { maximumBytes: 200_000 })
  const aws = gateway.aws('AKIADEV')
  for (const name of ['a', 'b', 'c', 'd']) await aws.createSecret({ Name: `dev/${name}`, SecretString: name.repeat(60_000) })
  for (const name of ['a', 'b', 'c', 'a', 'd']) await read({ name })
  t.equal(reads.length, 4)
  t.match(await read({ name: 'a' }), { status: { forwarded: undefined } })
  t.match(await read({ name: 'b' }), { status: { forwarded: 'miss' } }, 'it was not read for longest')
  cache.sweep()
  t.match(await read({ name: 'b' }), { status: { forwarded: undefined } })
  passes(300_001)
  cache.sweep()
  t.match(await read({ name: 'b' }), { status: { forwarded: 'miss' } })
  cache.clear(50_000)
  t.match(await read({ name: 'b' }), { status: { forwarded: 'miss' } })
  t.match(await read({ name: 'b' }), { status: { forwarded: 'miss' } }, 'it is larger than the whole memory')
  cache.clear(200_000)
  await read({ name: 'b' })
  passes(225_000)
  await read({ name: 'b' })
  await iterations()
  cache.close()
  await settles()
  t.equal(reads.at(-1)?.background?.aborted, true, 'renewals end')
  t.match(await read({ name: 'b' }), { status: { forwarded: 'miss' } })
})

t.test('a secret that was deleted and created again under the same name replaces all cached answers about the old one', async (t) => {
  const { read, reads, gateway } = await cacheScene(t)
  const aws = gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/a', SecretString: 'old' })
  await aws.putSecretValue({ SecretId: 'dev/a', SecretString: 'newer', VersionStages: ['mine'] })
  const mine = { selector: { versionStage: 'mine' } }
  await read()
  await read(mine)
  await aws.deleteSecret({ SecretId: 'dev/a', ForceDeleteWithoutRecovery: true })
  await aws.createSecret({ Name: 'dev/a', SecretString: 'new' })
  t.match(await read({ maximumAge: 0 }), { secret: { content: 'new' } })
  t.match(await read(mine), { problem: { code: 'version-not-found' } })
  t.equal(reads.length, 4)
})

t.test('absences are cached by selector, up to a maximum number', async (t) => {
  const { read, reads, gateway, passes } = await cacheScene(t)
  await gateway.aws('AKIADEV').createSecret({ Name: 'dev/a', SecretString: 'v' })
  const absent = async (versionId: string): Promise<string | undefined> => (await read({ selector: { versionId } })).problem?.code
  await read()
  for (let count = 10; count < 31; count++) t.equal(await absent(String(count).repeat(16)), 'version-not-found')
  t.equal(reads.length, 22)
  await absent('30'.repeat(16))
  t.equal(reads.length, 22)
  await absent('10'.repeat(16))
  t.equal(reads.length, 23, 'the oldest was forgotten')
  t.match(await read(), { status: { forwarded: undefined } }, 'the value is still kept')
  passes(5_000)
  await absent('30'.repeat(16))
  t.equal(reads.length, 24)
})
