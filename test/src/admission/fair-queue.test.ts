import t from 'tap'
import { createFairQueue, type Owner } from '#src/admission/fair-queue'

interface Work extends Owner { readonly id: string }

const work = (callerId: string, environment: string, id: string): Work => ({ callerId, environment, id })
const all = (): boolean => true

t.test('callers take turns, and so do the environments of each caller', async (t) => {
  const queue = createFairQueue<Work>()
  for (const id of ['a1', 'a2', 'a3', 'a4']) queue.add(work('a', 'dev', id))
  queue.add(work('a', 'prod', 'A1'))
  queue.add(work('b', 'dev', 'b1'))
  queue.add(work('c', 'dev', 'c1'))
  t.equal(queue.size, 7)
  t.equal(queue.sizeOf('a'), 5)
  t.equal(queue.sizeOf('nobody'), 0)
  const order: (string | undefined)[] = []
  while (queue.size > 0) order.push(queue.next(all)?.id)
  t.same(order, ['a1', 'b1', 'c1', 'A1', 'a2', 'a3', 'a4'])
  t.equal(queue.next(all), undefined)
})

t.test('a caller that may not start is passed over, and keeps its turn', async (t) => {
  const queue = createFairQueue<Work>()
  queue.add(work('a', 'dev', 'a1'))
  queue.add(work('b', 'dev', 'b1'))
  queue.add(work('b', 'dev', 'b2'))
  t.equal(queue.next((callerId) => callerId !== 'a')?.id, 'b1')
  t.equal(queue.next(() => false), undefined)
  t.equal(queue.next(all)?.id, 'a1')
})

t.test('removed work has no turn, and can be removed again without an effect', async (t) => {
  const queue = createFairQueue<Work>()
  const [first, second] = [work('a', 'dev', 'a1'), work('a', 'dev', 'a2')]
  queue.add(first)
  queue.add(second)
  queue.remove(first)
  queue.remove(first)
  queue.remove(work('b', 'dev', 'never added'))
  t.equal(queue.size, 1)
  t.equal(queue.next(all), second)
  t.equal(queue.size, 0)
})
