import t from 'tap'
import { monotonic } from '#src/clock'
import { createAlarms } from '#src/scheduling/alarms'
import { passTime } from '#test/clock'
import { until } from '#test/until'

t.test('alarms fire in time, unless they are cancelled', async (t) => {
  const alarms = createAlarms(monotonic)
  t.teardown(alarms.close)
  const rung: string[] = []
  const ring = (): void => { rung.push('same') }
  alarms.after(60_000, () => { rung.push('minute') })
  alarms.after(60_000, ring)
  alarms.after(60_000, ring)
  const cancel = alarms.after(60_000, () => { rung.push('cancelled') })
  const cancelLate = alarms.after(90_000, () => { rung.push('the only one at its time') })
  alarms.after(3_600_000, () => { rung.push('hour') })
  passTime(59_000)
  alarms.after(0, () => { rung.push('now') })
  await until(() => rung.length === 1)
  cancel()
  cancelLate()
  passTime(1_000)
  await until(() => rung.length === 4)
  t.same(rung, ['now', 'minute', 'same', 'same'])
  passTime(60_000)
  cancel()
  passTime(3_600_000)
  await until(() => rung.length === 5)
  t.equal(rung.at(-1), 'hour')
})

t.test('alarms do not fire after close', async (t) => {
  const alarms = createAlarms(monotonic)
  const other = createAlarms(monotonic)
  t.teardown(other.close)
  let rung = 0
  alarms.after(1_000, () => { t.fail('it was closed') })
  other.after(1_000, () => { rung += 1 })
  alarms.close()
  passTime(1_000)
  await until(() => rung === 1)
})
