import t from 'tap'
import { createOpenRequestLimiter } from '#src/admission/open-request-limiter'

t.test('open requests are counted by caller until they end', (t) => {
  let maximum = 2
  const limiter = createOpenRequestLimiter('event-streams', () => maximum)
  const end = limiter.enter('one')
  limiter.enter('one')
  t.throws(() => { limiter.enter('one') }, { code: 'rate-limited', options: { reason: 'event-streams' } })
  const other = limiter.enter('other')
  t.equal(limiter.open(), 3)
  end()
  limiter.enter('one')
  t.throws(() => { limiter.enter('one') }, { code: 'rate-limited' })
  other()
  t.equal(limiter.open(), 2)
  maximum = 3
  limiter.enter('one')
  limiter.enter('other')
  t.end()
})
