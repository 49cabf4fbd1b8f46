import { mock } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createLane, type Lane, type LaneSettings, type ReleaseSlot, type Work } from '#src/admission/lane'
import { createTokenBucket, unlimited } from '#src/admission/token-bucket'
import { createWakeTimer } from '#src/admission/wake-timer'

interface Scene {
  lane: Lane
  /** The IDs of the calls that have started, in order. `end` ends a call. */
  started: string[]
  /** The problems of the calls that did not start. */
  refused: Record<string, unknown>
  call: (id: string, work?: Partial<Work>) => Promise<void>
  end: (id: string) => Promise<void>
  passes: (milliseconds: number) => Promise<void>
}

/**
 * Creates a lane, and a clock that moves only on demand. The first letter of a call's ID is the ID of its caller, unless `work`
 * specifies a `callerId`.
 */
function scene (t: Test, settings: Partial<LaneSettings> = {}, perSecond?: Readonly<Record<string, number>>): Scene {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  let now = 0
  const buckets = new Map(Object.entries(perSecond ?? {}).map(([operation, quota]) => [operation, createTokenBucket(() => quota, () => now)]))
  const lane = createLane(
    () => ({ slots: { foreground: 4, background: 2 }, queueLength: 100, queueTime: 3_000, ...settings }),
    (operation) => buckets.get(operation) ?? unlimited,
    () => now
  )
  const started: string[] = []
  const refused: Record<string, unknown> = {}
  const releases = new Map<string, ReleaseSlot>()
  return {
    lane,
    started,
    refused,
    async call (id, work = {}) {
      const [callerId = ''] = id
      lane.enter({ callerId, environment: 'dev', operation: 'GetSecretValue', priority: 'foreground', signals: [], ...work }).then((release) => {
        releases.set(id, release)
        started.push(id)
      }, (problem: unknown) => { refused[id] = problem })
      await setImmediate()
    },
    async end (id) {
      releases.get(id)?.()
      await setImmediate()
    },
    async passes (milliseconds) {
      for (let elapsed = 0; elapsed < milliseconds; elapsed += 10) {
        now += 10
        mock.timers.tick(10)
        await setImmediate()
      }
    }
  }
}

t.test('a lone caller gets half of the slots, and there is always a slot for another caller', async (t) => {
  const { call, end, started } = scene(t, { slots: { foreground: 8, background: 8 } })
  for (let count = 1; count <= 8; count++) await call(`a${count}`)
  t.same(started, ['a1', 'a2', 'a3', 'a4'])
  await call('b1')
  await call('b2')
  await call('b3')
  await call('c1')
  t.same(started.slice(4), ['b1', 'b2', 'c1'], 'b3 has to wait, because only one slot is free')
  await end('a1')
  t.same(started.slice(7), [], 'three callers hold as many slots as are free, or more')
  await end('b1')
  await end('b2')
  t.same(started.slice(7), ['b3'], 'the turn of b has come, but a holds three slots')
})

t.test('callers take turns, even if one of them has been waiting longer with many calls', async (t) => {
  const { call, started, passes } = scene(t, { slots: { foreground: 100, background: 2 } }, { GetSecretValue: 50 })
  for (let count = 1; count <= 20; count++) await call(`a${count}`)
  await call('b1')
  await passes(100)
  t.ok(started.indexOf('b1') < 5, started.join())
  await passes(1_000)
  t.equal(started.length, 21)
})

t.test('calls that wait for one quota do not delay calls for another quota', async (t) => {
  const { call, started } = scene(t, { slots: { foreground: 100, background: 2 } }, { ListSecretVersionIds: 50 })
  for (let count = 1; count <= 20; count++) await call(`a${count}`, { operation: 'ListSecretVersionIds' })
  t.equal(started.length, 2)
  await call('a', { operation: 'GetSecretValue' })
  await call('b', { operation: 'GetSecretValue' })
  t.same(started.slice(2), ['a', 'b'])
})

t.test('if slots are scarce, the queues take turns', async (t) => {
  const { call, end, started } = scene(t, { slots: { foreground: 2, background: 2 } }, { One: 1_000, Other: 1_000 })
  await call('a1')
  for (let count = 1; count <= 3; count++) await call(`b${count}`, { operation: 'One' })
  for (let count = 1; count <= 3; count++) await call(`c${count}`, { operation: 'Other' })
  t.same(started, ['a1', 'b1'])
  for (const id of ['a1', 'b1', 'c1', 'b2', 'c2']) await end(id)
  t.same(started, ['a1', 'b1', 'c1', 'b2', 'c2', 'b3', 'c3'])
})

t.test('background work has its own slots, and every fourth token if both kinds wait for the same quota', async (t) => {
  const { call, started, passes } = scene(t, { slots: { foreground: 1_000, background: 1_000 } }, { CreateSecret: 50 })
  for (let count = 1; count <= 30; count++) await call(`b${count}`, { operation: 'CreateSecret', priority: 'background' })
  for (let count = 1; count <= 30; count++) await call(`f${count}`, { operation: 'CreateSecret' })
  await passes(1_000)
  const kinds = started.slice(2, 42).map(([kind]) => kind).join('')
  t.match(kinds, /^(f*b?){4,}$/)
  t.equal(kinds.match(/b/g)?.length, 10, kinds)
})

t.test('background work does not take the slots of foreground work', async (t) => {
  const { call, started, refused } = scene(t, { queueLength: 0 })
  for (let count = 1; count <= 3; count++) await call(`b${count}`, { priority: 'background' })
  await call('f1')
  t.same(started, ['b1', 'f1'])
  t.same(refused, {})
})

t.test('while the speed of the queue is unknown, Retry-After is a guess', async (t) => {
  const { call, refused } = scene(t, { queueLength: 0 })
  for (const id of ['a1', 'a2', 'a3']) await call(id)
  t.match(refused, { a3: { code: 'overloaded', options: { retryAfter: 5 } } })
})

t.test('a foreground call waits for a limited time, and a background call indefinitely', async (t) => {
  const { call, started, refused, passes, end } = scene(t, { slots: { foreground: 2, background: 2 }, queueTime: 3_000 })
  for (const id of ['a1', 'a2', 'b1']) await call(id)
  await call('d1', { priority: 'background' })
  await call('d2', { priority: 'background' })
  t.same(started, ['a1', 'b1', 'd1'])
  await passes(2_990)
  t.same(refused, {})
  await passes(10)
  t.match(refused, { a2: { code: 'overloaded', options: { reason: 'too many calls to AWS are waiting' } } })
  await passes(60_000)
  t.same(Object.keys(refused), ['a2'])
  await end('d1')
  t.equal(started.at(-1), 'd2')
})

t.test('a caller may fill half of the queue, and Retry-After is the time that the queue takes', async (t) => {
  const { call, refused, passes } = scene(t, { slots: { foreground: 1_000, background: 2 }, queueLength: 100, queueTime: 60_000 }, { One: 10 })
  for (let count = 1; count <= 60; count++) await call(`a${count}`, { operation: 'One' })
  t.equal(Object.keys(refused).length, 8, 'two have started, and 50 wait')
  await call('b1', { operation: 'One' })
  t.notOk('b1' in refused)
  await passes(2_000)
  for (let count = 61; count <= 90; count++) await call(`a${count}`, { operation: 'One' })
  const { options: { retryAfter } } = refused.a90 as { options: { retryAfter: number } }
  t.ok(retryAfter >= 5 && retryAfter <= 7, `${retryAfter} s for 50 calls at 7.8 a second`)
})

t.test('work leaves the queue when its owner does', async (t) => {
  const { call, end, started, refused } = scene(t, { slots: { foreground: 1, background: 1 } })
  await call('a1')
  const [gone, here] = [new AbortController(), new AbortController()]
  const reason = new Error('gone')
  await call('a2', { signals: [here.signal, gone.signal] })
  await call('a3')
  gone.abort(reason)
  await setImmediate()
  t.same(refused, { a2: reason })
  await end('a1')
  t.same(started, ['a1', 'a3'])
  await call('a4', { signals: [gone.signal] })
  t.equal(refused.a4, reason, 'work of an owner that has left does not even enter')
  await end('a3')
  await call('a5')
  t.equal(started.at(-1), 'a5', 'the queue is empty again')
})

t.test('slows an operation down', async (t) => {
  const { lane, call, started, passes } = scene(t, {}, { CreateSecret: 50 })
  lane.slowDown('CreateSecret')
  await call('a1', { operation: 'CreateSecret' })
  await passes(400)
  t.same(started, [])
  await passes(200)
  t.same(started, ['a1'])
})

t.test('lanes with a common bucket take turns, however many calls each of them has', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  let now = 0
  const monotonic = (): number => now
  const [bucket, timer] = [createTokenBucket(() => 50, monotonic), createWakeTimer(monotonic)]
  const settings = { slots: { foreground: 1_000, background: 2 }, queueLength: 1_000, queueTime: 60_000 }
  const started: string[] = []
  for (const [id, count] of [['a', 100], ['b', 20]] as const) {
    const lane = createLane(() => settings, () => bucket, monotonic, timer)
    for (let index = 0; index < count; index += 1) {
      void lane.enter({ callerId: id, environment: 'dev', operation: 'CreateSecret', priority: 'foreground', signals: [] }).then(() => started.push(id))
    }
  }
  for (let elapsed = 0; elapsed < 600; elapsed += 5) {
    now += 5
    mock.timers.tick(5)
    await setImmediate()
  }
  t.match(started.join(''), /^a{2,3}(?:ba){10,}/)
})
