import { mock } from 'node:test'
import t from 'tap'
import { startDeadline } from '#src/admission/deadline'

t.beforeEach(() => { mock.timers.enable({ apis: ['setTimeout'] }) })
t.afterEach(() => { mock.timers.reset() })

t.test('aborts when the time is up, and not after its end', async (t) => {
  const deadline = startDeadline(1_000, undefined)
  t.ok(deadline.left() > 900 && deadline.left() <= 1_000)
  mock.timers.tick(999)
  t.notOk(deadline.signal.aborted)
  mock.timers.tick(1)
  t.match(deadline.signal.reason, { name: 'TimeoutError' })
  const ended = startDeadline(1_000, undefined)
  ended.end()
  mock.timers.tick(2_000)
  t.notOk(ended.signal.aborted)
})

t.test('its clock can be stopped', async (t) => {
  const { signal, left, pause, resume } = startDeadline(1_000, undefined)
  pause()
  const before = left()
  mock.timers.tick(5_000)
  t.notOk(signal.aborted)
  t.equal(left(), before)
  resume()
  mock.timers.tick(1_000)
  t.ok(signal.aborted)
})

t.test('ends when its owner leaves', async (t) => {
  const owner = new AbortController()
  const reason = new Error('left')
  const [running, ended] = [startDeadline(1_000, owner.signal), startDeadline(1_000, owner.signal)]
  ended.end()
  owner.abort(reason)
  t.equal(running.signal.reason, reason)
  t.notOk(ended.signal.aborted)
  t.equal(startDeadline(1_000, owner.signal).signal.reason, reason, 'at once if the owner had left before')
})
