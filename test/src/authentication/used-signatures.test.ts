import t from 'tap'
import { usedSignatures } from '#src/authentication/used-signatures'

const minute = 60_000

t.test('a signature is accepted once', async (t) => {
  const used = usedSignatures(() => 0)
  t.equal(used.take('a'), 'taken')
  t.equal(used.take('a'), 'used')
  t.equal(used.take('b'), 'taken')
  used.release('a')
  t.equal(used.take('a'), 'taken')
})

t.test('a signature is remembered for as long as AWS could accept it', async (t) => {
  let time = 0
  const used = usedSignatures(() => time, 3)
  for (const signature of ['a', 'b', 'c']) {
    t.equal(used.take(signature), 'taken')
    time += minute
  }
  t.equal(used.take('d'), 'full', 'no signature is forgotten early, and no new one is accepted')
  time = 20 * minute
  t.equal(used.take('d'), 'full')
  t.equal(used.take('a'), 'used')
  time += 1
  t.equal(used.take('d'), 'taken', 'the oldest one is forgotten')
  t.equal(used.take('b'), 'used')
  t.equal(used.take('c'), 'used')
})

t.test('100,000 signatures are remembered by default', async (t) => {
  const used = usedSignatures(() => 0)
  const taken = Array.from({ length: 100_000 }, (_, index) => used.take(String(index)))
  t.same([...new Set(taken)], ['taken'])
  t.equal(used.take('one more'), 'full')
})
