import type { Monotonic } from '#src/clock'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import type { BulkOutcome } from '#src/secrets/bulk/plan'
import { resultBytes, type BulkItemReply } from '#src/secrets/bulk/reply'
import type { BulkRun, BulkSummary } from '#src/secrets/bulk/run'
import { bulkResults, type BulkStop } from '#src/secrets/bulk/schemas'
import { countOf, zeroCounts } from '#src/secrets/counts'
import { jobBytes } from '#src/jobs/ended-jobs'
import { isReusable } from '#src/jobs/job'
import type { JobLimits } from '#src/jobs/limits'
import { createLease } from './lease.ts'
import type { Answer, CountedResult, JobStore, Owned, UnfinishedJob } from './store-port.ts'

/** A job that this replica runs. */
export interface OwnedJob {
  /**
   * Resolves when this replica stops working on the job: because the job has ended, because this replica has released it, or
   * because another replica owns it.
   *
   * @throws the error that ended the run
   */
  readonly over: Promise<'ended' | 'left' | 'lost'>
  /** Stops the job because the process ends. Items in progress are finished. */
  readonly shutDown: () => void
}

/** The options of {@link runOwned}. */
export interface OwnedJobOptions {
  readonly store: Pick<JobStore, 'lease' | 'claim' | 'settle' | 'renew' | 'finish' | 'release'>
  readonly owned: Owned
  readonly bulk: BulkRun
  readonly toReply: (outcome: BulkOutcome) => BulkItemReply
  /** The previous replica's progress, if this replica has taken the job over. */
  readonly progress?: Pick<UnfinishedJob, 'resumed' | 'done'> | undefined
  /** True if the run is atomic. It is then rolled back when this process ends, instead of being left to another replica. */
  readonly isAtomic: boolean
  readonly limits: Pick<JobLimits, 'kept' | 'bytes'>
  readonly monotonic: Monotonic
}

/** The number of heartbeats that the owner of a job sends during one lease. */
const beats = 5

/** The maximum number of results in one command. */
const most = 50

/**
 * Runs a job that this replica owns. Before each change of a secret, the replica checks in the store whether it still owns the
 * job. While the store can't be used, no further item is begun. Results are stored once it can be used again. Before each call to
 * AWS, the replica checks that its lease has not expired, as can happen if the process was paused.
 */
export function runOwned ({ store, owned, bulk, toReply, progress, isAtomic, limits, monotonic }: OwnedJobOptions): OwnedJob {
  const stop = new AbortController()
  const waiting: CountedResult[] = []
  const counts = { ...progress?.resumed.counts ?? zeroCounts(bulkResults) }
  let noting = Promise.resolve()
  /** The number of final results, and the number of processed secrets in an atomic run. */
  let settledCount = progress?.done.size ?? 0
  let processed = 0
  let isLost = false
  let isLeaving = false
  let confirming: Promise<void> | undefined
  const { repeatUntilAnswered, sendAndExtend, isHeld } = createLease(store.lease, monotonic)
  const send = async <T>(command: () => Promise<T>, isNeeded = (): boolean => !isLost): Promise<T | undefined> =>
    repeatUntilAnswered(command, isNeeded)

  const renew = async (): Promise<Answer> => sendAndExtend(async () => store.renew(owned, Math.max(settledCount, processed)))

  const isCertain = (): boolean => !isLost && isHeld()

  async function confirm (): Promise<void> {
    if (isCertain()) return
    confirming ??= send(renew).then(learn).finally(() => { confirming = undefined })
    await confirming
    if (isLost) throw new Problem('shared-state-unavailable', { reason: 'job-lost' })
  }

  /** Reacts to an answer of the store. @param answer undefined if it is no longer needed */
  function learn (answer: Answer | undefined): void {
    if (answer === 'lost') {
      isLost = true
      stop.abort('replica-lost' satisfies BulkStop)
    }
    if (answer === 'cancelled') stop.abort('cancelled' satisfies BulkStop)
  }

  async function claim (index: number): Promise<boolean> {
    if (progress?.done.has(index) === true) return false
    const answer = await send(async () => sendAndExtend(async () => store.claim(owned, index)), () => !isLost && !isLeaving)
    if (answer === undefined || answer === 'done') return false
    learn(answer)
    return answer !== 'lost'
  }

  async function note (): Promise<void> {
    while (waiting.length > 0 && !isLost) {
      const batch = waiting.splice(0, most)
      learn(await send(async () => sendAndExtend(async () => store.settle(owned, batch))))
    }
  }

  function settled (outcome: BulkOutcome, index: number): void {
    const count = countOf[outcome.result]
    counts[count] += 1
    waiting.push({ item: toReply(outcome), index, count })
    settledCount += 1
    noting = noting.then(note)
    // The failure is thrown where `noting` is awaited.
    noting.catch(() => { stop.abort('replica-lost' satisfies BulkStop) })
  }

  const heart = setInterval(() => {
    renew().then(learn, () => undefined)
  }, store.lease / beats).unref()

  /** Ends the job in the store. If another replica owns the job, nothing is stored, not even the results. */
  async function finish (summary: BulkSummary | undefined, problem: Problem | undefined): Promise<'ended' | 'lost'> {
    const isComplete = isReusable({ endedAt: 0, counts, ...problem !== undefined && { problem } })
    clearInterval(heart)
    const { kept, bytes } = limits
    const ending = { isComplete, counts, kept, limit: bytes(), size: jobBytes + settledCount * resultBytes }
    const answer = await send(async () => store.finish(owned, compact({ ...ending, summary, problem })))
    return answer === undefined || answer === 'lost' ? 'lost' : 'ended'
  }

  async function run (): Promise<'ended' | 'left' | 'lost'> {
    try {
      const summary = await bulk.run({
        signal: stop.signal,
        settled,
        progress: (count) => { processed = count },
        claim,
        ownership: { isCertain, confirm },
        versionKey: `job ${owned.id}`,
        ...progress !== undefined && { resumed: progress.resumed }
      })
      await noting
      if (isLost) return 'lost'
      if (!isLeaving || settledCount >= bulk.total) {
        return await finish(summary, undefined)
      }
      await store.release(owned).catch(() => undefined)
      return 'left'
    } catch (error) {
      if (!isLost) await finish(undefined, error instanceof Problem ? error : new Problem('internal-error'))
      throw error
    } finally {
      clearInterval(heart)
    }
  }

  return {
    over: run(),
    shutDown () {
      if (isAtomic) stop.abort('shutdown' satisfies BulkStop)
      else isLeaving = true
    }
  }
}
