import { requestQuotas } from '#src/aws-model/limits'
import type { Scope } from './scope.ts'

/** Whether a call is one too many for its account and region in this second. One that is does not count. */
export type Throttle = (scope: Scope, operation: string) => boolean

/** The times of as many calls as a second may have, in milliseconds; `next` is where the oldest of them stands. */
interface Window {
  readonly times: Float64Array
  next: number
}

/**
 * Counts the calls of each family of operations over any second. AWS's own way of counting is not documented: this one grants no
 * burst, so that what it never refuses AWS does not refuse.
 *
 * @param perSecond how many calls each family has instead of AWS's
 * @param now milliseconds of a clock that is never set back
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
