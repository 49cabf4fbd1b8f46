import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { createCallerTurns } from '#src/scheduling/caller-turns'
import { pauseLength } from '#src/scheduling/turns'

interface Turns {
  /** Requests a turn for each name. Each turn takes `lasts` milliseconds. */
  ask: (callerId: string, names: readonly string[], lasts?: number) => void
  /** Returns the names that have had their turn in this iteration of the event loop, and begins the next iteration. */
  iterate: () => Promise<string[]>
}

/** Creates a queue and a fake event loop. */
function start (t: Test): Turns {
  const scheduled: (() => void)[] = []
  let time = 0
  const turns = createCallerTurns({
    monotonic: () => time,
    schedule: (callback) => { scheduled.push(callback) },
    afterTurn (callback) { void setImmediate().then(callback) }
  })
  const order: string[] = []
  return {
    ask (callerId, names, lasts = 0) {
      const work = (name: string): void => {
        order.push(name)
        time += lasts
      }
      for (const name of names) {
        const turn = turns.wait(callerId)
        if (turn === undefined) work(name)
        else void turn.then(() => { work(name) })
      }
    },
    async iterate () {
      for (let turns = 0; turns < 50; turns++) await setImmediate()
      t.ok(scheduled.length <= 1, 'at most one function is scheduled')
      scheduled.shift()?.()
      return order.splice(0)
    }
  }
}

/** Returns the names that have had their turn in the next iteration that is not part of a pause of eight iterations. */
async function nextTurns (iterate: Turns['iterate']): Promise<string[]> {
  for (let pause = 0; pause < pauseLength; pause++) {
    const order = await iterate()
    if (order.length > 0) return order
  }
  return iterate()
}

const names = (prefix: string, first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, index) => `${prefix} ${first + index}`)

t.test('callers take turns', async (t) => {
  const { ask, iterate } = start(t)
  ask('greedy', names('greedy', 1, 7), 0.5)
  t.same(await iterate(), names('greedy', 1, 4), 'nobody waits while there is time')
  ask('quiet', names('quiet', 1, 2), 0.2)
  ask('quiet', names('quiet', 3, 4), 0.2)
  t.same(await iterate(), ['greedy 5', 'quiet 1', 'greedy 6', 'quiet 2', 'greedy 7', 'quiet 3'])
  t.same(await iterate(), ['quiet 4'])
  t.same(await iterate(), [], 'nothing is scheduled while nothing happens')
  ask('quiet', ['quiet 5'])
  t.same(await iterate(), ['quiet 5'])
})

t.test('a caller that has run for two milliseconds pauses for eight iterations, unless it is alone', async (t) => {
  const { ask, iterate } = start(t)
  ask('greedy', names('greedy', 1, 6), 3)
  for (const turn of names('greedy', 1, 3)) t.same(await iterate(), [turn])
  ask('quiet', ['quiet 1'], 0.1)
  t.same(await iterate(), ['greedy 4', 'quiet 1'])
  for (let turn = 2; turn < 9; turn++) {
    ask('quiet', [`quiet ${turn}`], 0.1)
    t.same(await iterate(), [`quiet ${turn}`])
  }
  ask('greedy', ['greedy 7'], 3)
  t.same(await iterate(), [], 'a new request of the caller waits, too')
  t.same(await iterate(), ['greedy 5'])
  ask('quiet', names('quiet', 9, 11), 0.1)
  t.same(await iterate(), ['quiet 9'])
  t.same(await iterate(), ['quiet 10', 'quiet 11'], 'requests of another caller do not wait for the end of the pause')
  t.same(await nextTurns(iterate), ['greedy 6'])
  t.same(await nextTurns(iterate), ['greedy 7'])
  t.same(await nextTurns(iterate), [])
  ask('greedy', names('alone', 1, 3), 3)
  for (const turn of names('alone', 1, 3)) t.same(await iterate(), [turn], 'the other caller has left')
})

t.test('an iteration has as many turns as fit into two milliseconds, and at least one', async (t) => {
  const { ask, iterate } = start(t)
  ask('greedy', names('greedy', 1, 10), 0.5)
  t.same(await iterate(), names('greedy', 1, 4))
  t.same(await iterate(), names('greedy', 5, 8))
  ask('greedy', names('long', 1, 3), 5)
  t.same(await iterate(), [...names('greedy', 9, 10), 'long 1'])
  t.same(await iterate(), ['long 2'])
  t.same(await iterate(), ['long 3'])
})

t.test('a caller\'s first turn in an iteration begins at once, unless there are many', async (t) => {
  const { ask, iterate } = start(t)
  ask('greedy', names('long', 1, 5), 5)
  ask('quiet', names('quiet', 1, 2))
  t.same(await iterate(), ['long 1', 'quiet 1'])
  t.same(await iterate(), ['long 2'])
  ask('quiet', ['quiet 3'])
  for (const caller of names('caller', 1, 40)) ask(caller, [caller])
  t.same(await iterate(), ['quiet 2', ...names('caller', 1, 31), 'quiet 3', ...names('caller', 32, 40)], 'the others had to wait')
  t.same(await nextTurns(iterate), ['long 3'])
})
