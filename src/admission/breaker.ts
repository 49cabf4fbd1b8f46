import type { Monotonic } from '#src/clock'
import { Problem } from '#src/problems/problem'

/**
 * The result of a call, as the circuit breaker sees it. An exception from AWS, such as a denial, is an answer. `undecided`: the
 * call ended before AWS could answer, for example because its caller left.
 */
export type Outcome = 'answered' | 'unanswered' | 'undecided'

/**
 * A circuit breaker. While AWS does not answer, the breaker refuses calls at once, so callers do not wait for each call to time
 * out. One call at a time is let through as a probe, to find out whether AWS answers again.
 */
export interface Breaker {
  /** Returns the milliseconds until the next probe, or 0 if a call is let through now. */
  wait: () => number
  /**
   * Asks for permission to send a call.
   *
   * @returns a function that must be called once, with the outcome of the call
   * @throws Problem `aws-unavailable` if the call is refused
   */
  enter: (operation: string) => (outcome: Outcome) => void
}

/** The number of unanswered calls in a row after which calls are refused. */
export const tolerated = 5

/** The time, in milliseconds, until the first probe. It doubles with each unanswered probe, up to `longest`. */
export const pauses = { first: 1_000, longest: 30_000 }

/**
 * Creates a breaker that lets all calls through.
 *
 * @param monotonic measures spans of time
 */
export function createBreaker (monotonic: Monotonic): Breaker {
  let unanswered = 0
  let pause = 0
  let probeAt = 0
  let probing = false

  const isOpen = (): boolean => pause > 0

  function wait (): number {
    if (!isOpen()) return 0
    // The end of a probe can't be predicted: the probe may run until the call's deadline. The shortest pause is the estimate.
    return probing ? pauses.first : Math.max(0, probeAt - monotonic())
  }

  function decide (outcome: Outcome, isProbe: boolean): void {
    if (isProbe) probing = false
    if (outcome === 'answered') {
      unanswered = 0
      pause = 0
    } else if (outcome === 'unanswered') {
      unanswered += 1
      // While the breaker is open, only an unanswered probe prolongs the pause. Calls that were sent before it opened don't.
      if (isOpen() ? isProbe : unanswered >= tolerated) {
        pause = isOpen() ? Math.min(pause * 2, pauses.longest) : pauses.first
        probeAt = monotonic() + pause
      }
    }
  }

  return {
    wait,
    enter (operation) {
      const left = wait()
      if (left > 0) {
        throw new Problem('aws-unavailable', {
          failure: { operation, cause: 'not-answering', effect: 'not-done' }, retryAfter: Math.ceil(left / 1_000)
        })
      }
      const isProbe = isOpen()
      probing ||= isProbe
      return (outcome) => { decide(outcome, isProbe) }
    }
  }
}
