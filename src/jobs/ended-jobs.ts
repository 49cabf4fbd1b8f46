import { getOrCreate } from '#src/collections/get-or-create'
import type { Monotonic } from '#src/clock'
import { resultBytes } from '#src/secrets/bulk/reply'
import type { LiveJob } from './live-job.ts'
import type { JobLimits } from './limits.ts'

/** The jobs that have ended and can still be read. */
export interface EndedJobs {
  /** Adds a job that has just ended. */
  add: (job: LiveJob) => void
  /** Returns a caller's job, or undefined if it has been removed. */
  find: (callerId: string, id: string) => LiveJob | undefined
  /** Returns the ended jobs of a caller. */
  of: (callerId: string) => readonly LiveJob[]
}

/** The memory that a job takes without its results, in bytes. */
export const jobBytes = 4 * 1024

/** The ended jobs of one caller. */
interface Holding {
  /** The jobs by ID, in the order in which they ended. */
  readonly jobs: Map<string, LiveJob>
  bytes: number
}

const bytesOf = ({ settled }: LiveJob): number => jobBytes + settled.length * resultBytes

/**
 * Creates an in-memory store of ended jobs. If there is no room for another job, removes the oldest jobs of the callers whose
 * jobs take the most memory. So a caller with many jobs evicts its own jobs first.
 *
 * @param monotonic measures how long a job is kept
 */
export function createEndedJobs (monotonic: Monotonic, { kept, bytes }: Pick<JobLimits, 'kept' | 'bytes'>): EndedJobs {
  const holdings = new Map<string, Holding>()
  let all = 0

  const isOver = ({ ended = 0 }: LiveJob): boolean => monotonic() - ended >= kept

  function count (holding: Holding, added: number): void {
    holding.bytes += added
    all += added
  }

  /** Removes a caller's jobs, oldest first, while they meet a condition. */
  function removeWhile (callerId: string, holding: Holding, condition: (job: LiveJob) => boolean): void {
    for (const job of holding.jobs.values()) {
      if (!condition(job)) return
      holding.jobs.delete(job.id)
      count(holding, -bytesOf(job))
      // Event streams may still refer to the job, so its results are removed as well.
      job.removed = true
      job.settled.length = 0
    }
    holdings.delete(callerId)
  }

  /** Makes room for a job. */
  function makeRoom (job: LiveJob): void {
    const isFull = (): boolean => all + bytesOf(job) > bytes()
    /** Returns the memory that the jobs of a caller would take together with the new job. */
    const bytesWith = (callerId: string, holding: Holding): number =>
      callerId === job.callerId ? holding.bytes + bytesOf(job) : holding.bytes
    while (isFull() && holdings.size > 0) {
      let most = 0
      for (const entry of holdings) most = Math.max(most, bytesWith(...entry))
      for (const entry of holdings) removeWhile(...entry, () => isFull() && bytesWith(...entry) === most)
    }
  }

  return {
    add (job) {
      for (const [callerId, holding] of holdings) removeWhile(callerId, holding, isOver)
      makeRoom(job)
      const holding = getOrCreate(holdings, job.callerId, () => ({ jobs: new Map<string, LiveJob>(), bytes: 0 }))
      holding.jobs.set(job.id, job)
      count(holding, bytesOf(job))
    },
    find (callerId, id) {
      const job = holdings.get(callerId)?.jobs.get(id)
      return job === undefined || isOver(job) ? undefined : job
    },
    of: (callerId) => Array.from(holdings.get(callerId)?.jobs.values() ?? []).filter((job) => !isOver(job))
  }
}
