import t from 'tap'
import { countReplicas } from '#src/shared/presence'

t.test('a lower number of replicas counts only when all have had time to report', async (t) => {
  let time = 0
  const count = countReplicas(3, () => time)
  t.equal(count.current(), 3)
  count.restart()
  count.learn(5)
  t.equal(count.current(), 5)
  time = 10_000
  count.learn(4)
  t.equal(count.current(), 4)
  count.restart()
  count.learn(1)
  t.equal(count.current(), 4, 'a server that was restarted does not know the others yet')
  time += 4_999
  count.learn(1)
  t.equal(count.current(), 4)
  time += 1
  count.learn(2)
  t.equal(count.current(), 2)
  count.learn(0)
  t.equal(count.current(), 1, 'there is always this one')
})

t.test('the first number counts at once', async (t) => {
  const count = countReplicas(3, () => 0)
  count.restart()
  count.learn(1)
  t.equal(count.current(), 1)
})
