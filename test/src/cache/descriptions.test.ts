import t, { type Test } from 'tap'
import { Problem } from '#src/problems/problem'
import { cacheScene, nameOf, outage, type CacheScene } from '#test/cache'

const second = 1_000

/** A cache in front of a backend that has the secret `a`. */
async function scene (t: Test, options: Parameters<typeof cacheScene>[1] = {}): Promise<CacheScene & { change: (description: string) => Promise<void> }> {
  const own = await cacheScene(t, options)
  const aws = own.gateway.aws('AKIADEV')
  await aws.createSecret({ Name: 'dev/a', SecretString: 'first', Description: 'one' })
  return { ...own, async change (description) { await aws.updateSecret({ SecretId: 'dev/a', Description: description }) } }
}

t.test('a description comes from the cache for a minute', async (t) => {
  const { describe, descriptions, change, passes } = await scene(t)
  const first = await describe()
  t.match(first, { metadata: { description: 'one', state: 'active' }, status: { forwarded: 'miss', ttl: 60 * second } })
  t.match(JSON.parse(first.body ?? ''), { Name: 'dev/a', Description: 'one' }, 'with the body of AWS\'s reply')
  await change('two')
  passes(59 * second)
  t.same(await describe(), { ...first, status: { age: 59 * second, ttl: second } })
  t.equal(descriptions.length, 1)
  t.match(await describe({ maximumAge: 10 * second }), { metadata: { description: 'two' }, status: { forwarded: 'stale' } }, 'if the caller accepts its age')
  passes(60 * second)
  t.match(await describe(), { status: { forwarded: 'stale' } })
  t.equal(descriptions.length, 3)
})

t.test('a description is not cached longer than values are', async (t) => {
  const { describe, descriptions, passes, times } = await scene(t)
  times.ttl = 5 * second
  await describe()
  passes(4 * second)
  t.match(await describe(), { status: { ttl: second } })
  passes(second)
  await describe()
  t.equal(descriptions.length, 2)
  times.ttl = 0
  t.match(await describe(), { metadata: { description: 'one' }, body: /one/, status: { forwarded: 'bypass' } })
  t.equal(descriptions.length, 3)
})

t.test('a call without `caching` calls AWS', async (t) => {
  const { cache, call, describe, descriptions } = await scene(t)
  await describe()
  await cache.port.describeSecret(call, nameOf('a'))
  t.equal(descriptions.length, 2)
})

t.test('the next description shows the write, and AWS is soon called again', async (t) => {
  for (const [title, write] of [
    ['tags', async ({ cache, call }: CacheScene) => cache.port.tagResource(call, nameOf('a'), { team: 'a' })],
    ['a value', async ({ cache, call }: CacheScene) => cache.port.putSecretValue(call, nameOf('a'), 'second')],
    ['a policy', async ({ cache, call }: CacheScene) => cache.port.deleteResourcePolicy(call, nameOf('a'))]
  ] as const) {
    const own = await scene(t)
    await own.describe()
    await write(own)
    t.match(await own.describe(), { status: { forwarded: 'miss' } }, title)
    own.passes(999)
    t.match(await own.describe(), { status: { age: 999, ttl: 1 } })
    own.passes(1)
    t.match(await own.describe(), { status: { forwarded: 'stale' } })
  }
})

t.test('a description that was read before a write is not cached', async (t) => {
  const { cache, call, describe, descriptions, plan } = await scene(t)
  const gate = Promise.withResolvers<undefined>()
  plan(() => gate.promise)
  const early = describe()
  await cache.port.tagResource(call, nameOf('a'), { team: 'a' })
  plan(() => undefined)
  gate.resolve(undefined)
  await early
  await describe()
  t.equal(descriptions.length, 2)
})

t.test('an event about the secret, and a cleared cache, drop the description', async (t) => {
  const { cache, describe, change } = await scene(t)
  await describe()
  await change('two')
  cache.invalidate('dev/a')
  t.match(await describe(), { metadata: { description: 'two' } })
  await change('three')
  cache.clear(1_048_576)
  t.match(await describe(), { metadata: { description: 'three' } })
})

t.test('values and descriptions never contradict each other', async (t) => {
  const { gateway, describe, read, passes } = await scene(t)
  const aws = gateway.aws('AKIADEV')
  await describe()
  await read()
  t.match(await describe(), { metadata: { lastAccessedDate: Date }, status: { forwarded: 'miss' } }, 'the read of the value is recorded in the description')
  await read({ maximumAge: 0 })
  t.match(await describe(), { status: { age: 0 } }, 'the value of the version that it shows')
  await aws.putSecretValue({ SecretId: 'dev/a', SecretString: 'second' })
  passes(second)
  t.match(await read({ maximumAge: 0 }), { secret: { content: 'second' } })
  t.match(await describe(), { status: { forwarded: 'miss' } }, 'another version is current')

  await aws.putSecretValue({ SecretId: 'dev/a', SecretString: 'third' })
  passes(60 * second)
  await describe()
  t.match(await read(), { secret: { content: 'third' }, status: { forwarded: 'miss' } }, 'the description shows another version')
  await aws.deleteSecret({ SecretId: 'dev/a' })
  passes(60 * second)
  t.match(await describe(), { metadata: { state: 'pending-deletion' } })
  t.match(await read(), { problem: { code: 'secret-pending-deletion' } }, 'the description shows the deletion')
})

t.test('AWS\'s errors for a description are passed on', async (t) => {
  const { describe, plan, passes, read, gateway } = await scene(t)
  await read()
  await describe()
  passes(60 * second)
  plan(() => Promise.reject(outage()))
  t.match(await describe(), { problem: { code: 'aws-unavailable' }, status: { forwarded: 'stale' } }, 'no stale description is used')
  plan(() => undefined)
  await describe()
  passes(second)
  plan(() => Promise.reject(new Problem('aws-access-denied')))
  t.match(await describe({ maximumAge: 0 }), { problem: { code: 'aws-access-denied' } })
  t.match(await describe(), { problem: { code: 'aws-access-denied' } }, 'the older description is gone')
  t.match(await read(), { secret: { content: 'first' }, status: { age: 61 * second } }, 'the value stays')
  plan(() => undefined)
  await describe()
  await gateway.aws('AKIADEV').deleteSecret({ SecretId: 'dev/a', ForceDeleteWithoutRecovery: true })
  t.match(await describe({ maximumAge: 0 }), { problem: { code: 'secret-not-found' } })
  t.match(await read(), { problem: { code: 'secret-not-found' } }, 'the value is gone, too')
})

t.test('concurrent descriptions share a call', async (t) => {
  const { describe, descriptions } = await scene(t)
  const [one, other] = await Promise.all([describe(), describe({ call: { callerId: 'bob' } })])
  t.equal(descriptions.length, 1)
  t.same(other.metadata, one.metadata)
  t.same([one.status?.collapsed, other.status?.collapsed], [undefined, true])
})

t.test('a failure that may concern only another caller\'s session is not passed on', async (t) => {
  const { describe, descriptions, plan } = await scene(t, { hasSessions: () => true })
  plan((own) => own.callerId === 'alice' ? Promise.reject(new Problem('aws-access-denied')) : undefined)
  const [one, other] = await Promise.all([describe(), describe({ call: { callerId: 'bob' } })])
  t.match([one, other], [{ problem: { code: 'aws-access-denied' } }, { metadata: { description: 'one' }, body: /one/ }])
  t.equal(descriptions.length, 2)
})

t.test('callers that do not share reads do not share descriptions', async (t) => {
  const { describe, descriptions } = await scene(t, { sharesReads: () => false })
  await describe()
  await describe({ call: { callerId: 'bob' } })
  t.match(await describe({ call: { callerId: 'bob' } }), { status: { age: 0 } })
  t.equal(descriptions.length, 2)
})

t.test('the intent is recorded before AWS is called, and another caller\'s answer that arrives meanwhile is used', async (t) => {
  const { describe, descriptions } = await scene(t)
  const beforeSending = async (): Promise<void> => { await describe() }
  t.match(await describe({ call: { beforeSending } }), { metadata: { description: 'one' }, status: { age: 0 } })
  t.equal(descriptions.length, 1)
})

t.test('descriptions count towards the memory of the cache, and expire', async (t) => {
  const { describe, cache, passes } = await scene(t)
  const { body = '' } = await describe()
  t.ok(cache.size().bytes > 4 * body.length)
  cache.sweep()
  t.equal(cache.size().secrets, 1)
  passes(60 * second)
  cache.sweep()
  t.same(cache.size(), { secrets: 0, watched: 0, bytes: 0 })
})
