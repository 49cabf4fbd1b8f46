import { setTimeout } from 'node:timers/promises'
import { GatewayProblem, GatewayUnreachable } from './problems.ts'

/** The upper limits of the random pauses before further attempts, in milliseconds, if the reply has no `Retry-After`. */
const pauses = { first: 200, longest: 5_000 }

/** The longest accepted `Retry-After`, in seconds. */
const longestRetryAfter = 60

/**
 * Retries a request after a failure that another attempt may fix:
 *
 * - after a reply with `Retry-After`, when that time has passed. If the time is longer than a minute, the problem is thrown at
 *   once.
 * - after a failed connection, when a random pause has passed.
 *
 * A write is retried only if it can't be carried out twice: if it has an `Idempotency-Key`, or if the reply was 429, because the
 * gateway then has not begun to carry it out.
 *
 * @param retries the maximum number of further attempts
 * @param send sends a request once
 * @throws the error of the last attempt, or the reason with which the request was aborted
 */
export async function sendWithRetries (
  request: Request, retries: number, send: (request: Request) => Promise<Response>
): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    try {
      // A body can be sent only once, so all attempts except the last send a copy.
      return await send(attempt < retries ? request.clone() : request)
    } catch (error) {
      const pause = attempt < retries ? pauseAfter(error, request, attempt) : undefined
      if (pause === undefined) throw error
      await setTimeout(pause, undefined, { signal: request.signal }).catch(() => { throw request.signal.reason })
    }
  }
}

/** Returns the milliseconds to wait after a failure, or undefined if the request must not be sent again. */
function pauseAfter (error: unknown, request: Request, attempt: number): number | undefined {
  const isRepeatable = request.method === 'GET' || request.headers.has('idempotency-key')
  const random = Math.random() * Math.min(pauses.longest, pauses.first * 2 ** attempt)
  if (error instanceof GatewayProblem) {
    const { retryAfter, status } = error
    const isFixable = retryAfter !== undefined && retryAfter <= longestRetryAfter && (isRepeatable || status === 429)
    return isFixable ? 1_000 * retryAfter + random : undefined
  }
  return isRepeatable && error instanceof GatewayUnreachable && error.isTemporary ? random : undefined
}
