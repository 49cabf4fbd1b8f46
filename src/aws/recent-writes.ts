import type { Monotonic } from '#src/clock'
import { Problem } from '#src/problems/problem'

/** The state of a secret, as known from this process's own recent write. */
export interface RecentWrite {
  state: 'present' | 'scheduled' | 'gone'
  /** The version that the write made current. Absent if the write made no version current, or if writes overlapped. */
  current?: string
  /** The time at which the reply to the write arrived, in milliseconds on the monotonic clock. */
  at: number
  /** The time at which the reply arrived, in milliseconds since the epoch. */
  date: number
}

/** The effect of a successful write on a secret. */
export interface Effect extends Pick<RecentWrite, 'state'> {
  /** True if the write makes another version current. */
  moved?: true
  /** The ID of that version. Absent if it is not known. */
  current?: string | undefined
}

/** The secrets that this process has recently changed. */
export interface RecentWrites {
  /**
   * Carries out a write, and remembers its effect. Forgets what was known about the secret in two cases: if the write failed but
   * AWS may have carried it out, or if it overlapped another write, because AWS may have applied the two in either order.
   */
  during: <Result>(key: string, carryOut: () => Promise<Result>, effect: (result: Result) => Effect) => Promise<Result>
  /** Returns what is known about a secret, unless the write was more than `within` milliseconds ago. */
  find: (key: string, within: number) => RecentWrite | undefined
}

/** The maximum number of secrets. The oldest writes are forgotten first. */
const maximum = 10_000

/** Creates the memory of recent writes. At first, it is empty. */
export function createRecentWrites (monotonic: Monotonic, now: () => number): RecentWrites {
  const writes = new Map<string, RecentWrite>()
  /** The writes in progress for each secret, and whether any two of them overlapped. */
  const inProgress = new Map<string, { count: number, overlapped: boolean }>()

  function begin (key: string): () => boolean {
    const progress = inProgress.get(key) ?? { count: 0, overlapped: false }
    progress.count++
    progress.overlapped ||= progress.count > 1
    inProgress.set(key, progress)
    return () => {
      progress.count--
      if (progress.count === 0) inProgress.delete(key)
      return progress.overlapped
    }
  }

  function remember (key: string, { state, current, moved }: Effect): void {
    const before = writes.get(key)
    const known = moved === true ? current : before?.current
    writes.delete(key)
    writes.set(key, { state, ...known !== undefined && { current: known }, at: monotonic(), date: now() })
    const [oldest] = writes.keys()
    if (writes.size > maximum && oldest !== undefined) writes.delete(oldest)
  }

  return {
    async during (key, write, effect) {
      const end = begin(key)
      try {
        const result = await write()
        if (end()) writes.delete(key)
        else remember(key, effect(result))
        return result
      } catch (error) {
        if (end() || mayBeDone(error)) writes.delete(key)
        throw error
      }
    },
    find (key, within) {
      const write = writes.get(key)
      return write !== undefined && monotonic() - write.at < within ? write : undefined
    }
  }
}

/** Returns false if AWS has refused the write, or never received it. */
const mayBeDone = (error: unknown): boolean => !(error instanceof Problem) ||
  error.options.failure?.effect === 'unknown' || error.options.earlierAttempt !== undefined
