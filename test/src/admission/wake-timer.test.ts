import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { createWakeTimer, type WakeTimer } from '#src/admission/wake-timer'

/** Creates a timer, and a clock that moves only on demand. */
function scene (t: Test): { timer: WakeTimer, passes: (milliseconds: number) => void } {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => { mock.timers.reset() })
  let now = 0
  return {
    timer: createWakeTimer(() => now),
    passes (milliseconds) {
      now += milliseconds
      mock.timers.tick(milliseconds)
    }
  }
}

t.test('calls each function once, when it is due', async (t) => {
  const { timer, passes } = scene(t)
  const woken: string[] = []
  timer.set(() => { woken.push('later') }, 0.2)
  timer.set(() => { woken.push('soon') }, 0.1)
  passes(99)
  t.same(woken, [])
  passes(1)
  t.same(woken, ['soon'])
  passes(1_000)
  t.same(woken, ['soon', 'later'])
})

t.test('a new time replaces the previous one, and clear removes it', async (t) => {
  const { timer, passes } = scene(t)
  const woken: string[] = []
  const [one, other] = [() => { woken.push('one') }, () => { woken.push('other') }]
  timer.set(one, 0.1)
  timer.set(one, 0.3)
  timer.set(other, 0.1)
  timer.clear(other)
  timer.clear(other)
  passes(299)
  t.same(woken, [])
  passes(1)
  t.same(woken, ['one'])
})

t.test('a lane that calls clear goes to the end of the order', async (t) => {
  const { timer, passes } = scene(t)
  const served: string[] = []
  let tokens = 0
  const waiter = (id: string) => function wake (): void {
    if (tokens > 0) {
      tokens -= 1
      served.push(id)
      timer.clear(wake)
    }
    timer.set(wake, 0.02)
  }
  for (const id of ['a', 'b', 'c']) timer.set(waiter(id), 0.02)
  for (let round = 0; round < 7; round += 1) {
    tokens = 1
    passes(20)
  }
  t.equal(served.join(''), 'abcabca')
})

t.test('a time beyond the longest delay of a timer', async (t) => {
  let readings = 0
  const timer = createWakeTimer(() => {
    readings += 1
    return performance.now()
  })
  const wake = (): void => { t.fail('too early') }
  timer.set(wake, 1e12)
  await new Promise((resolve) => { setTimeout(resolve, 50) })
  t.ok(readings <= 2, 'the timer has not fired')
  timer.clear(wake)
})
