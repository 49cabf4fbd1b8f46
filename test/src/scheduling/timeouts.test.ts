import t from 'tap'
import { monotonic } from '#src/clock'
import { createTimeouts } from '#src/scheduling/timeouts'
import { passTime } from '#test/clock'
import { until } from '#test/until'

t.test('timeouts fire in time, unless they are cancelled', async (t) => {
  const timeouts = createTimeouts(monotonic)
  t.teardown(timeouts.close)
  const fired: string[] = []
  const fire = (): void => { fired.push('same') }
  timeouts.after(60_000, () => { fired.push('minute') })
  timeouts.after(60_000, fire)
  timeouts.after(60_000, fire)
  const cancel = timeouts.after(60_000, () => { fired.push('cancelled') })
  const cancelLate = timeouts.after(90_000, () => { fired.push('the only one at its time') })
  timeouts.after(3_600_000, () => { fired.push('hour') })
  passTime(59_000)
  timeouts.after(0, () => { fired.push('now') })
  await until(() => fired.length === 1)
  cancel()
  cancelLate()
  passTime(1_000)
  await until(() => fired.length === 4)
  t.same(fired, ['now', 'minute', 'same', 'same'])
  passTime(60_000)
  cancel()
  passTime(3_600_000)
  await until(() => fired.length === 5)
  t.equal(fired.at(-1), 'hour')
})

t.test('timeouts do not fire after close', async (t) => {
  const timeouts = createTimeouts(monotonic)
  const other = createTimeouts(monotonic)
  t.teardown(other.close)
  let fired = 0
  timeouts.after(1_000, () => { t.fail('it was closed') })
  other.after(1_000, () => { fired += 1 })
  timeouts.close()
  passTime(1_000)
  await until(() => fired === 1)
})
