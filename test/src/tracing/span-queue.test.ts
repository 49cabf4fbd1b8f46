import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { createSpanQueue, type SpanQueue } from '#src/tracing/span-queue'
import { until } from '#test/until'

interface Collecting {
  queue: SpanQueue<number>
  batches: number[][]
  events: string[]
  /** Answers the batch that is being sent. */
  answer: (failure?: string) => void
}

function collecting (limits: { size: number, batch: number, delay: number }): Collecting {
  const batches: number[][] = []
  const events: string[] = []
  let answer: Collecting['answer'] = () => undefined
  const queue = createSpanQueue<number>(async (spans) => {
    batches.push(spans)
    return new Promise((resolve) => { answer = resolve })
  }, limits, { onFailure (reason) { events.push(reason) }, onRecovery () { events.push('recovery') } })
  return { queue, batches, events, answer (failure) { answer(failure) } }
}

t.test('spans are sent in batches, one at a time, and dropped if the queue is full', async (t) => {
  const { queue, batches, events, answer } = collecting({ size: 5, batch: 2, delay: 600_000 })
  queue.add(1)
  await setTimeout(5)
  t.same(batches, [], 'the first waits for a second one')
  for (const span of [2, 3, 4, 5, 6, 7, 8, 9]) queue.add(span)
  t.same(batches, [[1, 2]], 'the next batch is not sent before the answer')
  t.same(queue.counts(), { exported: 0, dropped: 2, failed: 0, waiting: 5 })
  answer()
  await until(() => batches.length === 2)
  answer('ECONNREFUSED')
  await until(() => batches.length === 3)
  answer('ECONNREFUSED')
  await until(() => queue.counts().failed === 4)
  t.same(batches, [[1, 2], [3, 4], [5, 6]])
  t.same(queue.counts(), { exported: 2, dropped: 2, failed: 4, waiting: 1 })
  queue.add(10)
  answer()
  await until(() => queue.counts().exported === 4)
  t.same(events, ['ECONNREFUSED', 'recovery'], 'a failure that lasts is reported once')
})

t.test('an incomplete batch is sent after the delay', async (t) => {
  const { queue, batches, answer } = collecting({ size: 5, batch: 5, delay: 10 })
  queue.add(1)
  await until(() => batches.length === 1)
  queue.add(2)
  answer()
  await until(() => batches.length === 2)
  t.same(batches, [[1], [2]])
  answer()
})

t.test('a flush sends everything, and gives up after a time', async (t) => {
  const { queue, batches, answer } = collecting({ size: 5, batch: 2, delay: 600_000 })
  for (const span of [1, 2, 3]) queue.add(span)
  const flushed = queue.flush(60_000)
  answer()
  await until(() => batches.length === 2)
  answer()
  await flushed
  t.same(batches, [[1, 2], [3]])
  for (const span of [4, 5, 6]) queue.add(span)
  await queue.flush(10)
  t.same(queue.counts(), { exported: 3, dropped: 1, failed: 0, waiting: 0 }, 'two are on their way')
  answer()
  await until(() => queue.counts().exported === 5)
  t.equal(batches.length, 3, 'nothing more is sent')
})
