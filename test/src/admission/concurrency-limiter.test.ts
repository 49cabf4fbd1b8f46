import t from 'tap'
import { createConcurrencyLimiter } from '#src/admission/concurrency-limiter'
import { Problem } from '#src/problems/problem'

const refusal = (): Problem => new Problem('rate-limited', { reason: 'event-streams' })

t.test('operations are counted by caller until they end', async (t) => {
  let ofOneCaller = 2
  const limiter = createConcurrencyLimiter(() => ({ ofOneCaller }), refusal)
  const end = limiter.enter('one')
  limiter.enter('one')
  t.throws(() => limiter.enter('one'), { code: 'rate-limited', options: { reason: 'event-streams' } })
  const endOther = limiter.enter('other')
  t.equal(limiter.count(), 3)
  end()
  limiter.enter('one')
  t.throws(() => limiter.enter('one'), { code: 'rate-limited' })
  endOther()
  t.equal(limiter.count(), 2)
  ofOneCaller = 3
  limiter.enter('one')
  limiter.enter('other')
  t.equal(limiter.count(), 4, 'the limit may change')
})

t.test('there can be a maximum for all callers together', async (t) => {
  const limiter = createConcurrencyLimiter(() => ({ ofOneCaller: 2, all: 3 }), refusal)
  const ends = [limiter.enter('a'), limiter.enter('a')]
  t.throws(() => limiter.enter('a'), { code: 'rate-limited' })
  ends.push(limiter.enter('b'))
  t.throws(() => limiter.enter('c'), { code: 'rate-limited' })
  for (const end of ends) end()
  for (const callerId of ['a', 'a', 'c']) limiter.enter(callerId)
  t.equal(limiter.count(), 3)
})
