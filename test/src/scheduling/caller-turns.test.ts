import t, { type Test } from 'tap'
import { createCallerTurns } from '#src/scheduling/caller-turns'

/** Creates a queue, and functions that ask for turns and let iterations of the event loop pass. */
function start (t: Test): { ask: (callerId: string, ...names: string[]) => void, iterate: (lasts?: number) => Promise<string[]> } {
  const scheduled: (() => void)[] = []
  let time = 0
  const turnOf = createCallerTurns({ monotonic: () => time, schedule: (callback) => { scheduled.push(callback) } })
  const order: string[] = []
  return {
    ask (callerId, ...names) {
      for (const name of names) {
        const turn = turnOf(callerId)
        if (turn === undefined) order.push(name)
        else void turn.then(() => { order.push(name) })
      }
    },
    /** Returns who has had a turn since the last iteration, and ends the current one. */
    async iterate (lasts = 0) {
      await Promise.resolve()
      t.ok(scheduled.length <= 1, 'at most one function is scheduled')
      time += lasts
      scheduled.shift()?.()
      return order.splice(0)
    }
  }
}

const names = (prefix: string, first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${prefix} ${first + index}`)

t.test('callers take turns', async (t) => {
  const { ask, iterate } = start(t)
  ask('greedy', ...names('greedy', 1, 70))
  ask('quiet', 'quiet 1', 'quiet 2')
  t.same(await iterate(), names('greedy', 1, 32), 'nobody waits if there are few')
  t.same((await iterate()).slice(0, 5), ['greedy 33', 'quiet 1', 'greedy 34', 'quiet 2', 'greedy 35'])
  t.same(await iterate(), names('greedy', 63, 70))
  t.same(await iterate(), [], 'nothing is scheduled while nothing happens')
  ask('quiet', 'quiet 3')
  t.same(await iterate(), ['quiet 3'])
})

t.test('an iteration has as many turns as fit into two milliseconds', async (t) => {
  const { ask, iterate } = start(t)
  ask('greedy', ...names('greedy', 1, 300))
  const counts = async (lasts: readonly number[]): Promise<number[]> => {
    const found: number[] = []
    for (const one of lasts) found.push((await iterate(one)).length)
    return found
  }
  t.same(await counts([2, 2.1, 5, 5, 5, 5, 5, 5, 2]), [32, 32, 16, 8, 4, 2, 1, 1, 1])
  t.same(await counts([2, 2, 2, 2, 2, 2]), [2, 4, 8, 16, 32, 32])
})

t.test('a caller without a turn in an iteration does not wait, unless there are many', async (t) => {
  const { ask, iterate } = start(t)
  ask('greedy', ...names('greedy', 1, 100))
  for (const lasts of [5, 5, 5, 5, 5]) await iterate(lasts)
  ask('quiet', 'quiet 1', 'quiet 2')
  t.same(await iterate(5), ['greedy 63', 'quiet 1'])
  for (const caller of names('caller', 1, 40)) ask(caller, caller)
  t.same(await iterate(5), ['greedy 64', ...names('caller', 1, 31)])
  t.same(await iterate(5), ['quiet 2'])
})
