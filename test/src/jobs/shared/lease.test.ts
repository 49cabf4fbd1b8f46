import t from 'tap'
import { createLease } from '#src/jobs/shared/lease'
import type { Answer } from '#src/jobs/shared/store-port'
import { unavailable, type Failure } from '#src/shared/failures'

t.test('a lease is certain for nine tenths of its length, counted from the time of its request', async (t) => {
  let time = 0
  const { sendAndExtend, isHeld } = createLease(1_000, () => time)
  t.equal(isHeld(), false)
  const slow = Promise.withResolvers<Answer>()
  const first = sendAndExtend(async () => slow.promise)
  time = 100
  t.equal(await sendAndExtend(async () => 'owned'), 'owned')
  slow.resolve('owned')
  await first
  time = 999
  t.equal(isHeld(), true, 'the later command counts, whichever is answered first')
  time = 1_000
  t.equal(isHeld(), false)
  t.equal(await sendAndExtend(async () => 'lost'), 'lost')
  t.equal(isHeld(), false)
})

/** Sends commands to a server that fails at these times. Returns how the sequence ended, and the number of commands. */
async function outcome (failures: readonly (readonly [time: number, failure: Failure])[]): Promise<[string, number]> {
  let [time, asked] = [0, 0]
  const { repeatUntilAnswered } = createLease(1_000, () => time)
  // Keeps the process alive, because the pauses between commands do not.
  const alive = setInterval(() => undefined, 1_000)
  const end = await repeatUntilAnswered(async () => {
    const failure = failures[asked]
    asked += 1
    if (failure === undefined) return 'answered'
    time = failure[0]
    throw unavailable(failure[1])
  }, () => true).catch(() => 'gave up')
  clearInterval(alive)
  return [end ?? 'nothing', asked]
}

t.test('an owner tolerates refusals for six leases, and other failures indefinitely', async (t) => {
  t.same(await outcome([[1_000, 'refused'], [7_000, 'refused']]), ['answered', 3])
  t.same(await outcome([[1_000, 'refused'], [7_001, 'refused']]), ['gave up', 2])
  t.same(await outcome([[1_000, 'refused'], [6_000, 'slow'], [8_000, 'refused']]), ['answered', 4], 'the refusals were interrupted')
  t.same(await outcome([[1_000, 'slow'], [90_000, 'unreachable']]), ['answered', 3])
  const { repeatUntilAnswered } = createLease(1_000, () => 0)
  await t.rejects(repeatUntilAnswered(async () => { throw new TypeError('canary') }, () => true), /canary/, 'a mistake is no failure of the server')
  t.equal(await repeatUntilAnswered(async () => 'answered', () => false), undefined, 'nobody needs to know')
})
