import t from 'tap'
import { usedSignatures } from '#src/authentication/used-signatures'

t.test('a signature is accepted once', async (t) => {
  const used = usedSignatures()
  t.equal(used.take('a', 1000, 0), 'taken')
  t.equal(used.take('a', 1000, 0), 'used')
  t.equal(used.take('b', 1000, 0), 'taken')
  used.release('a')
  t.equal(used.take('a', 1000, 0), 'taken')
})

t.test('if the capacity is used up, no signature is forgotten early and no new one is accepted', async (t) => {
  const used = usedSignatures(3)
  for (const [signature, until] of [['a', 1000], ['b', 2000], ['c', 3000]] as const) t.equal(used.take(signature, until, 0), 'taken')
  t.equal(used.take('d', 3000, 0), 'full')
  t.equal(used.take('d', 3000, 1000), 'full', '`until` is inclusive')
  t.equal(used.take('d', 3000, 1001), 'taken', 'the oldest one has expired')
  t.equal(used.take('b', 2000, 1001), 'used')
  t.equal(used.take('c', 3000, 1001), 'used')
})

t.test('100,000 signatures are remembered by default', async (t) => {
  const used = usedSignatures()
  const taken = Array.from({ length: 100_000 }, (_, index) => used.take(String(index), 1_000, 0))
  t.same([...new Set(taken)], ['taken'])
  t.equal(used.take('one more', 1_000, 0), 'full')
})
