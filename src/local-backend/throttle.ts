import { requestQuotas } from '#src/aws-model/limits'
import type { Scope } from './scope.ts'

/** Returns true if a call exceeds the rate limit of its account and region. Rejected calls don't count towards the limit. */
export type Throttle = (scope: Scope, operation: string) => boolean

/**
 * A ring buffer with the times of the last calls, in milliseconds, as many as are allowed per second. `next` is the index of the
 * oldest.
 */
interface Window {
  readonly times: Float64Array
  next: number
}

/**
 * Creates a rate limiter that counts the calls of each group of operations over a sliding window of one second. AWS does not
 * document how it counts. This limiter allows no bursts, so AWS never rejects a rate of calls that the limiter accepts.
 *
 * @param perSecond the calls per second of each group; AWS's quotas by default
 * @param now a monotonic clock, in milliseconds
 */
export function createThrottle (perSecond?: number, now = (): number => performance.now()): Throttle {
  const windows = new Map<string, Window>()
  const families = new Map(requestQuotas.flatMap(({ operations, perSecond: quota }, family) =>
    operations.map((operation) => [operation as string, { family, calls: perSecond ?? quota }])))

  return ({ accountId, region }, operation) => {
    const limited = families.get(operation)
    if (limited === undefined) return false
    const key = `${accountId} ${region} ${limited.family}`
    const window = windows.get(key) ?? { times: new Float64Array(limited.calls).fill(-Infinity), next: 0 }
    windows.set(key, window)
    const time = now()
    if (time - (window.times[window.next] ?? -Infinity) < 1000) return true
    window.times[window.next] = time
    window.next = (window.next + 1) % limited.calls
    return false
  }
}
