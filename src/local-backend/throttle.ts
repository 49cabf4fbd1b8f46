import { requestQuotas } from '#src/aws-model/limits'
import type { Scope } from './scope.ts'

/**
 * Counts a call against the rate limit for its account, region and group of operations. Returns true if the call exceeds the
 * limit and must be rejected. Rejected calls don't count towards the limit.
 */
export type Throttle = (scope: Scope, operation: string) => boolean

/**
 * The times of the most recent accepted calls, in milliseconds. `times` is a ring buffer. Its length is the number of calls
 * allowed per second, and `next` is the index of the oldest time.
 */
interface Window {
  readonly times: Float64Array
  next: number
}

/**
 * Creates a rate limiter that counts the calls of each group of operations over a sliding window of one second. AWS does not
 * document how it limits calls. A sliding window allows no bursts above the quota, so a client that stays within this limit also
 * stays within AWS's limit.
 *
 * @param perSecond the calls per second that are allowed for each group; AWS's quotas by default
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
