import t from 'tap'
import { createFollowers } from '#src/jobs/followers'

t.test('event streams are counted by caller until they end', (t) => {
  let maximum = 2
  const followers = createFollowers(() => maximum)
  const end = followers.add('one')
  followers.add('one')
  t.throws(() => { followers.add('one') }, { code: 'rate-limited', options: { reason: 'event-streams' } })
  const other = followers.add('other')
  end()
  followers.add('one')
  t.throws(() => { followers.add('one') }, { code: 'rate-limited' })
  other()
  maximum = 3
  followers.add('one')
  followers.add('other')
  t.end()
})
