import t from 'tap'
import { countsIn, pairs, stateOf } from '#src/jobs/shared/fields'

t.test('the fields of a hash are read from a list of names and values, as far as it has both', async (t) => {
  t.same([...pairs(['a', 1, 'b', '2'])], [['a', '1'], ['b', '2']])
  t.same([...pairs(['a', '1', 'b'])], [['a', '1']])
  for (const nothing of [[], null, 'a', { a: '1' }]) t.equal(pairs(nothing).size, 0)
})

t.test('the state of a job', async (t) => {
  t.equal(stateOf(new Map()), 'running')
  t.equal(stateOf(new Map([['cancelled', '1']])), 'stopping')
  t.equal(stateOf(new Map([['cancelled', '1'], ['endedAt', '2']])), 'ended')
})

t.test('the counts of a job that has no results yet are zero', async (t) => {
  t.match(countsIn(new Map([['count:created', '3']])), { created: 3, failed: 0 })
})
