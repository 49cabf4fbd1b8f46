import t from 'tap'
import { stopSignal } from '#src/secrets/bulk/stop'
import type { Scope } from '#src/secrets/scope'

const scopeOf = (signal?: AbortSignal): Scope => ({ signal }) as unknown as Scope

t.test('work stops when its caller leaves, even if that was before it began', async (t) => {
  const [caller, stopping] = [new AbortController(), new AbortController()]
  const signal = stopSignal(scopeOf(caller.signal), stopping.signal)
  t.equal(signal.aborted, false)
  caller.abort(new Error('the connection is closed'))
  t.equal(signal.reason, 'caller-gone')
  t.equal(stopSignal(scopeOf(caller.signal), stopping.signal).reason, 'caller-gone')
})

t.test('work stops when the gateway does, whether or not a caller waits', async (t) => {
  for (const caller of [new AbortController().signal, undefined]) {
    const stopping = new AbortController()
    const signal = stopSignal(scopeOf(caller), stopping.signal)
    t.equal(signal.aborted, false)
    stopping.abort('shutdown')
    t.equal(signal.reason, 'shutdown')
  }
})
