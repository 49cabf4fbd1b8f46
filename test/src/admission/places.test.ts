import t from 'tap'
import { createPlaces } from '#src/admission/places'

t.test('places are counted by caller until they are freed', (t) => {
  let maximum = 2
  const places = createPlaces('event-streams', () => maximum)
  const end = places.take('one')
  places.take('one')
  t.throws(() => { places.take('one') }, { code: 'rate-limited', options: { reason: 'event-streams' } })
  const other = places.take('other')
  t.equal(places.taken(), 3)
  end()
  places.take('one')
  t.throws(() => { places.take('one') }, { code: 'rate-limited' })
  other()
  t.equal(places.taken(), 2)
  maximum = 3
  places.take('one')
  places.take('other')
  t.end()
})
