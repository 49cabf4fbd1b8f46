import t from 'tap'
import { createPauses, type Pauses, type PauseOptions } from '#src/scheduling/pauses'

interface Subject extends Pauses {
  /** Lets the time of all current pauses pass. */
  pass: () => void
  /** The number of timeouts and of functions of `until` that are still in use. */
  inUse: () => number
  begin: (options?: Partial<PauseOptions>) => ReturnType<Pauses['pause']>
}

function subject (): Subject {
  const timeouts = new Set<() => void>()
  let awaited = 0
  const pauses = createPauses((_, callback) => {
    timeouts.add(callback)
    return () => { timeouts.delete(callback) }
  })
  const until = (): (() => void) => {
    awaited += 1
    return () => { awaited -= 1 }
  }
  return {
    ...pauses,
    pass: () => { for (const end of timeouts) end() },
    inUse: () => timeouts.size + awaited,
    begin: async (options) => pauses.pause({ milliseconds: 1_000, signal: undefined, until, ...options })
  }
}

t.test('a pause ends when its time is over, when it is woken, and when the gateway stops', async (t) => {
  const { begin, pass, wakeAll, stop, inUse } = subject()
  const over = begin()
  pass()
  t.equal(await over, 'over')
  const all = [begin(), begin()]
  wakeAll()
  t.same(await Promise.all(all), ['woken', 'woken'])
  t.equal(await begin({ until: (wake) => { wake(); return () => undefined } }), 'woken')
  const last = begin()
  stop()
  t.equal(await last, 'stopping')
  t.equal(await begin(), 'stopping', 'no pause begins after that')
  t.equal(inUse(), 0, 'nothing is left of them')
})

t.test('a pause is rejected when its caller leaves, even if that was before it began', async (t) => {
  const { begin, inUse } = subject()
  const caller = new AbortController()
  const pause = begin({ signal: caller.signal })
  caller.abort(new Error('gone'))
  await t.rejects(pause, /gone/)
  await t.rejects(begin({ signal: caller.signal }), /gone/)
  t.equal(inUse(), 0, 'nothing is left of them')
})
