import t from 'tap'
import { createTurns, type Owner } from '#src/admission/turns'

interface Work extends Owner { readonly id: string }

const work = (callerId: string, environment: string, id: string): Work => ({ callerId, environment, id })
const all = (): boolean => true

t.test('callers take turns, and within a caller the environments', async (t) => {
  const turns = createTurns<Work>()
  for (const id of ['a1', 'a2', 'a3', 'a4']) turns.add(work('a', 'dev', id))
  turns.add(work('a', 'prod', 'A1'))
  turns.add(work('b', 'dev', 'b1'))
  turns.add(work('c', 'dev', 'c1'))
  t.equal(turns.size, 7)
  t.equal(turns.sizeOf('a'), 5)
  t.equal(turns.sizeOf('nobody'), 0)
  const order: (string | undefined)[] = []
  while (turns.size > 0) order.push(turns.next(all)?.id)
  t.same(order, ['a1', 'b1', 'c1', 'A1', 'a2', 'a3', 'a4'])
  t.equal(turns.next(all), undefined)
})

t.test('a caller that may not start is passed over, and keeps its turn', async (t) => {
  const turns = createTurns<Work>()
  turns.add(work('a', 'dev', 'a1'))
  turns.add(work('b', 'dev', 'b1'))
  turns.add(work('b', 'dev', 'b2'))
  t.equal(turns.next((callerId) => callerId !== 'a')?.id, 'b1')
  t.equal(turns.next(() => false), undefined)
  t.equal(turns.next(all)?.id, 'a1')
})

t.test('removed work has no turn, and can be removed again without an effect', async (t) => {
  const turns = createTurns<Work>()
  const [first, second] = [work('a', 'dev', 'a1'), work('a', 'dev', 'a2')]
  turns.add(first)
  turns.add(second)
  turns.remove(first)
  turns.remove(first)
  turns.remove(work('b', 'dev', 'never added'))
  t.equal(turns.size, 1)
  t.equal(turns.next(all), second)
  t.equal(turns.size, 0)
})
