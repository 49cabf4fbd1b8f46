import t from 'tap'
import { createCallerTurns } from '#src/scheduling/caller-turns'

t.test('a few requests continue in each iteration of the event loop, and callers take turns', async (t) => {
  const scheduled: (() => void)[] = []
  const turnOf = createCallerTurns((callback) => { scheduled.push(callback) }, 4)
  const order: string[] = []
  const ask = (callerId: string, name: string): void => {
    const turn = turnOf(callerId)
    if (turn === undefined) order.push(name)
    else void turn.then(() => { order.push(name) })
  }
  const iterate = async (): Promise<string[]> => {
    t.equal(scheduled.length, 1)
    scheduled.shift()?.()
    await Promise.resolve()
    return order.splice(0)
  }

  for (let index = 1; index <= 10; index++) ask('greedy', `greedy ${index}`)
  t.same(order.splice(0), ['greedy 1', 'greedy 2', 'greedy 3', 'greedy 4'], 'nobody waits if there are few')
  ask('quiet', 'quiet 1')
  t.same(await iterate(), ['greedy 5', 'quiet 1', 'greedy 6', 'greedy 7'])
  ask('quiet', 'quiet 2')
  t.same(await iterate(), ['greedy 8', 'quiet 2', 'greedy 9', 'greedy 10'])
  t.same(await iterate(), [])
  t.equal(scheduled.length, 0, 'nothing is scheduled while nothing happens')
  ask('quiet', 'quiet 3')
  t.same(order, ['quiet 3'])
})
