import t from 'tap'
import { createLedger } from '../../bench/fleet/ledger.ts'

// The soak test would find nothing if its ledger overlooked mistakes.
t.test('the ledger of the soak finds each kind of mistake', async (t) => {
  const { begin, mistake, finalMistake, acknowledged } = createLedger(['a', 'b'], 1_000)
  begin('a').acknowledged()
  begin('a').acknowledged()
  const third = begin('a')
  const now = performance.now()
  t.equal(third.value, 'a#3')
  t.equal(mistake('a', 'a#1', now), undefined, 'a value that was replaced just now')
  t.equal(mistake('a', 'a#1', now + 2_000), 'a has the value a#1, but number 2 was acknowledged')
  t.equal(mistake('a', 'a#2', now + 2_000), undefined)
  t.equal(mistake('a', 'a#3', now + 2_000), undefined, 'a write whose outcome is not known')
  t.equal(mistake('a', 'a#4', now), 'a has a value that was never written: a#4')
  t.equal(mistake('a', 'a', now), 'a has a value that was never written: a')
  t.equal(mistake('a', 'b#1', now), 'a has the value of another secret: b#1')
  t.equal(finalMistake('a', 'a#1'), 'a has the value a#1, but number 2 was acknowledged')
  t.equal(finalMistake('a', 'a#3'), undefined)
  t.equal(acknowledged(), 2)
  t.throws(() => begin('c'), /not in the ledger/)
})
