import t from 'tap'
import { watchdog } from '#src/audit/watchdog'

t.test('a watchdog reports once, after 20 intervals that together last as long as the timeout', async (t) => {
  const timers: { callback: () => void, milliseconds: number }[] = []
  const cleared: unknown[] = []
  t.intercept(globalThis, 'setInterval', { value: (callback: () => void, milliseconds: number) => timers.push({ callback, milliseconds }) })
  t.intercept(globalThis, 'clearInterval', { value: (timer: unknown) => cleared.push(timer) })
  let reports = 0
  watchdog(5_000, () => { reports += 1 })
  t.match(timers, [{ milliseconds: 250 }])
  const tick = (): void => { timers[0]?.callback() }
  for (let count = 1; count < 20; count++) tick()
  t.equal(reports, 0)
  tick()
  t.equal(reports, 1)
  t.same(cleared, [1], 'the timer has ended')
})

t.test('a watchdog that is stopped reports nothing', async (t) => {
  const cleared: unknown[] = []
  t.intercept(globalThis, 'setInterval', { value: () => 7 })
  t.intercept(globalThis, 'clearInterval', { value: (timer: unknown) => cleared.push(timer) })
  watchdog(5_000, () => { t.fail('a report') })()
  t.same(cleared, [7])
})
