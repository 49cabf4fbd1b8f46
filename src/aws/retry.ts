import { setTimeout as delay } from 'node:timers/promises'
import type { RetryStrategy } from '@smithy/types'
import type { Deadline } from '#src/admission/deadline'
import { Problem } from '#src/problems/problem'
import { flightOf } from './call.ts'
import { isDefect, retryAfterOf, type AwsException } from './exception-rules.ts'
import { sdk, type Sdk } from './sdk.ts'

/**
 * The maximum number of attempts at a call. A background call may take longer, because its caller waits for many calls anyway. It
 * fails only after AWS has throttled it many times.
 */
export const attempts = { foreground: 3, background: 20 }

/** The base of the exponential delay before a retry, in milliseconds, and the longest delay. */
const delays = { throttled: 500, other: 100, longest: 5_000 }

/** The limits on the attempts at a call: its deadline and, for a background call, the signal that stops the retries. */
interface Limits {
  readonly deadline: Deadline
  readonly background?: AbortSignal | undefined
}

/** Retries calls to Secrets Manager. */
export const retryStrategy: RetryStrategy = {
  mode: 'standard',
  async retry (next, args) {
    const { call: { background }, deadline } = flightOf(args)
    return repeat(async () => next(args), { deadline, background })
  }
}

/** Retries calls to STS until their common deadline. */
export const retriesUntil = (deadline: Deadline): RetryStrategy =>
  ({ mode: 'standard', retry: async (next, args) => repeat(async () => next(args), { deadline }) })

/**
 * Retries after temporary failures. Replaces the SDK's own strategy, which knows neither the call's deadline nor its priority.
 * Waits at least as long as AWS asks, and gives up if the deadline would pass during the wait.
 */
async function repeat<Result> (next: () => Promise<Result>, { deadline, background }: Limits): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await next()
    } catch (error) {
      if (!isAwsException(error) || deadline.signal.aborted) throw error
      const { isThrottlingError, isTransientError } = sdk().retry
      const isThrottled = isThrottlingError(error)
      const inBackground = isThrottled && background !== undefined && !background.aborted
      const isLast = attempt >= (inBackground ? attempts.background : attempts.foreground)
      const milliseconds = delayAfter(error, attempt)
      if (isLast || !(isThrottled || isTransientError(error)) || milliseconds >= deadline.left()) throw error
      await delay(milliseconds, undefined, { signal: deadline.signal })
    }
  }
}

type Retryable = Parameters<Sdk['retry']['isTransientError']>[0] & AwsException

const isAwsException = (error: unknown): error is Retryable =>
  error instanceof Error && !(error instanceof Problem) && !isDefect(error)

/**
 * Returns the delay before the next attempt, in milliseconds. It is partly random, because calls that failed together should
 * not be repeated together.
 */
function delayAfter (error: Retryable, attempt: number): number {
  const { isClockSkewCorrectedError, isThrottlingError } = sdk().retry
  // The SDK has corrected its clock by now, so the call can be repeated at once.
  if (isClockSkewCorrectedError(error)) return 0
  const base = isThrottlingError(error) ? delays.throttled : delays.other
  const backoff = Math.random() * Math.min(delays.longest, base * 2 ** (attempt - 1))
  return Math.max(backoff, (retryAfterOf(error).retryAfter ?? 0) * 1_000)
}
