import t from 'tap'
import { createTurns, forEachInTurns, mapInTurns } from '#src/scheduling/turns'

/** A clock and an event loop that advance only when the test tells them to. */
function fakeLoop (): { beginTurn: ReturnType<typeof createTurns>, pass: (milliseconds: number) => void, iterate: () => Promise<void> } {
  let time = 0
  let scheduled: (() => void)[] = []
  return {
    beginTurn: createTurns({ monotonic: () => time, schedule: (callback) => { scheduled.push(callback) } }),
    pass (milliseconds) { time += milliseconds },
    async iterate () {
      const due = scheduled
      scheduled = []
      for (const callback of due) callback()
      await new Promise((resolve) => { setImmediate(resolve) })
    }
  }
}

t.test('a turn is over after a millisecond', async (t) => {
  const { beginTurn, pass, iterate } = fakeLoop()
  const turn = beginTurn()
  pass(0.9)
  t.notOk(turn.isOver())
  pass(0.1)
  t.ok(turn.isOver())
  const next = turn.next()
  pass(0.5)
  await iterate()
  await next
  t.notOk(turn.isOver(), 'the next turn has just begun')
})

t.test('one turn is taken in each iteration of the event loop', async (t) => {
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
  }
  await all
  t.same(order, ['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3'])
})

t.test('results are in the order of the items', async (t) => {
  t.same(await mapInTurns(new Set([3, 1, 2]), (item, index) => item * 10 + index), [30, 11, 22])
})
