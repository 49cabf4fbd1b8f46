import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { createBatcher } from '#src/cache/batcher'

/** Timers that never fire, so that the maximum time of an item never causes it to be sent. */
const never = () => () => undefined

const urgent = { longest: 100, isUrgent: true } as const

t.test('while items keep arriving, they are sent only in full batches, however soon those are answered', async (t) => {
  const sent: number[] = []
  const { add } = createBatcher<number>(20, async ({ length }) => { sent.push(length) }, never)
  for (let item = 0; item < 1_010; item++) {
    add('group', item, urgent)
    await setImmediate()
  }
  t.same(sent, Array.from({ length: 50 }, () => 20))
  while (sent.length < 51) await setImmediate()
  t.equal(sent.at(-1), 10, 'the others are sent when no more arrive')
})

t.test('the items that remain after a full batch has been sent wait for the maximum time again', async (t) => {
  const sent: number[] = []
  const timers: (() => void)[] = []
  const answer = Promise.withResolvers<undefined>()
  const { add } = createBatcher<number>(20, async ({ length }) => {
    sent.push(length)
    await answer.promise
  }, (_milliseconds, callback) => {
    timers.push(callback)
    return () => { timers.splice(timers.indexOf(callback), 1) }
  })
  for (let item = 0; item < 25; item++) add('group', item, urgent)
  const [first] = timers
  while (sent.length < 1) await setImmediate()
  t.equal(timers.length, 1)
  t.not(timers[0], first)
  timers[0]?.()
  t.same(sent, [20, 5])
  t.equal(timers.length, 0)
  answer.resolve(undefined)
})
