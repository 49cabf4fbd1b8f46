import type { OverloadLimits } from '#src/config/overload'

/** The load at the latest measurement. */
export interface Load {
  /** The part of V8's heap that is in use, in bytes. */
  readonly heapUsed: number
  /** The mean delay of the event loop, in milliseconds. Infinite if a single iteration of the loop took the whole interval. */
  readonly eventLoopDelay: number
}

/** Returns the name of the exhausted resource, as a fixed text. Returns undefined if the gateway can accept further requests. */
export type FindOverload = () => string | undefined

/** The interval between two measurements, in milliseconds. */
export const sampleInterval = 1_000

/**
 * Creates a function that compares the load with its limits. The delay of the event loop has to be above its limit in two
 * measurements in a row, because a single long iteration, such as the start of the gateway, is not an overload.
 *
 * @param measured returns the latest measurement
 * @param heapLimit the size to which V8's heap may grow, in bytes
 * @param limits returns the limits of the current configuration
 */
export function overload (measured: () => Load, heapLimit: number, limits: () => OverloadLimits): FindOverload {
  const none = { heapUsed: 0, eventLoopDelay: 0 }
  let [last, before]: [Load, Load] = [none, none]
  return () => {
    const { heapUsed, eventLoopDelay } = measured()
    // The measured size of the heap changes each time, so an unchanged size means that there is no new measurement.
    if (heapUsed !== last.heapUsed) [last, before] = [{ heapUsed, eventLoopDelay: finite(eventLoopDelay) }, last]
    const { heapShare, loopDelay } = limits()
    if (heapUsed > heapShare * heapLimit) return 'heap'
    return Math.min(last.eventLoopDelay, before.eventLoopDelay) >= loopDelay ? 'event-loop-delay' : undefined
  }
}

/** Replaces an infinite delay, which was too long to measure, with its lower bound: the interval. */
const finite = (delay: number): number => Number.isFinite(delay) ? delay : sampleInterval
