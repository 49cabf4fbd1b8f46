import t from 'tap'
import { createTurns, forEachInTurns, mapInTurns } from '#src/scheduling/turns'

/** A clock and an event loop that advance only when the test tells them to. */
function fakeLoop (pause?: number): {
  beginTurn: ReturnType<typeof createTurns>
  pass: (milliseconds: number) => void
  /** Runs an iteration of the event loop. Returns the number of functions that were scheduled for it. */
  iterate: () => Promise<number>
} {
  let time = 0
  let scheduled: (() => void)[] = []
  return {
    beginTurn: createTurns({ monotonic: () => time, schedule: (callback) => { scheduled.push(callback) } }, pause),
    pass (milliseconds) { time += milliseconds },
    async iterate () {
      const due = scheduled
      scheduled = []
      for (const callback of due) callback()
      await new Promise((resolve) => { setImmediate(resolve) })
      return due.length
    }
  }
}

t.test('the first turn is over after a quarter of a millisecond, and each later one after a millisecond', async (t) => {
  const { beginTurn, pass, iterate } = fakeLoop()
  const turn = beginTurn()
  pass(0.2)
  t.notOk(turn.isOver())
  pass(0.05)
  t.ok(turn.isOver())
  const next = turn.next()
  pass(0.5)
  await iterate()
  await next
  pass(0.9)
  t.notOk(turn.isOver(), 'the next turn began when it was its turn')
  pass(0.1)
  t.ok(turn.isOver())
})

t.test('computations take turns, and nothing runs in the eight iterations of the event loop after a turn', async (t) => {
  const { beginTurn, pass, iterate } = fakeLoop()
  const order: string[] = []
  const work = async (name: string): Promise<void> => forEachInTurns([1, 2, 3], (item, index) => {
    order.push(`${name}${item}`)
    t.equal(index, item - 1)
    pass(10)
  }, beginTurn())
  const all = Promise.all([work('a'), work('b'), work('c')])
  t.same(order, ['a1', 'b1', 'c1'])
  for (const count of [4, 5, 6, 7, 8, 9]) {
    await iterate()
    t.equal(order.length, count)
    for (let pause = 0; pause < 8; pause++) await iterate()
    t.equal(order.length, count)
  }
  await all
  t.same(order, ['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3'])
})

t.test('a computation that begins during a pause waits for its end', async (t) => {
  const { beginTurn, iterate } = fakeLoop()
  await Promise.all([beginTurn().next(), iterate()])
  let hasBegun = false
  const next = beginTurn().next().then(() => { hasBegun = true })
  for (let pause = 0; pause < 8; pause++) await iterate()
  t.notOk(hasBegun)
  await iterate()
  await next
  for (let pause = 0; pause < 8; pause++) await iterate()
  t.equal(await iterate(), 0, 'nothing is scheduled while nobody waits')
})

t.test('the pause can be shorter', async (t) => {
  const { beginTurn, iterate } = fakeLoop(0)
  const all = Promise.all([beginTurn().next(), beginTurn().next()])
  await iterate()
  await iterate()
  await t.resolves(all)
})

t.test('results are in the order of the items', async (t) => {
  t.same(await mapInTurns(new Set([3, 1, 2]), (item, index) => item * 10 + index), [30, 11, 22])
})
