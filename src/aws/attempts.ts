import type { Failure, FailureCause } from '#src/problems/failure'
import type { ProblemCode } from '#src/problems/catalogue'
import { Problem, type EarlierAttempt } from '#src/problems/problem'
import { compact } from '#src/json/compact'
import { flightOf, isRead } from './call.ts'
import { isBrokenOff, problemFrom, type AwsException, type FailedCall } from './exception-rules.ts'
import type { SecretsManager } from './types.ts'

/** The times at which attempts at a call were sent, in milliseconds on the process's monotonic clock. */
interface Attempts {
  /**
   * The time of the first attempt that AWS may have carried out although its reply was lost. Absent if there was no such attempt.
   */
  uncertain?: number
  last: number
}

/**
 * The attempts at each command, keyed by the command's input. An input object identifies its command, because the SDK passes the
 * same object to every middleware, on every attempt.
 */
const attempts = new WeakMap<object, Attempts>()

/** Keeps track of attempts whose replies were lost. Refuses an attempt if another process may have taken over the call. */
export function trackAttempts ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>): void {
  // This middleware runs inside the SDK's retry loop, on every attempt, and only when the request is about to be sent.
  middlewareStack.add((next) => async (args) => {
    if (flightOf(args).call.isTakenOver?.() === true) throw new Problem('shared-state-unavailable', { reason: 'lease-over' })
    const sent = performance.now()
    const { uncertain } = attempts.get(args.input) ?? {}
    attempts.set(args.input, compact({ uncertain, last: sent }))
    try {
      return await next(args)
    } catch (error) {
      if (error instanceof Error && !(error instanceof Problem) && mayBeCarriedOut(error)) {
        attempts.set(args.input, { uncertain: uncertain ?? sent, last: sent })
      }
      throw error
    }
  }, { step: 'finalizeRequest', priority: 'low', name: 'attempts' })
}

/**
 * Returns the problem for a failed call, with what is known about the call's attempts:
 *
 * - `failure` says whether the call may have had an effect. It is present in three cases: the last attempt got no usable answer
 *   from AWS; AWS throttled the last attempt, but may have carried out an earlier attempt to write; or AWS refused the last
 *   attempt for a reason unrelated to an earlier attempt that it may have carried out.
 * - `earlierAttempt` is present if AWS refused the last attempt to write, but may have carried out an earlier attempt.
 */
export function withAttempts (error: Error, call: FailedCall & { input: object }): Problem {
  const { operation, input } = call
  const problem = error instanceof Problem ? error : problemFrom(error, call)
  const { uncertain, last = 0 } = attempts.get(input) ?? {}
  const onlyReads = isRead(operation)
  const isUnanswered = unanswered.has(problem.code) || (problem.code === 'aws-throttled' && uncertain !== undefined && !onlyReads)
  if (isUnanswered) {
    const effect = uncertain === undefined ? 'not-done' : onlyReads ? 'only-read' : 'unknown'
    const failure: Failure = { operation, cause: causeOf(problem, error), effect }
    return new Problem(problem.code, { ...problem.options, failure })
  }
  if (uncertain === undefined || onlyReads) return problem
  const failure: Failure | undefined =
    conclusive.has(problem.code) ? undefined : { operation, cause: 'refused', effect: 'unknown' }
  const earlierAttempt: EarlierAttempt = compact({ sent: sentAt(error, uncertain, last) })
  return new Problem(problem.code, compact({ ...problem.options, failure, earlierAttempt }))
}

const unanswered: ReadonlySet<string> = new Set(['aws-timeout', 'aws-unavailable'])

/**
 * These problems prove that AWS did not carry out an earlier attempt. Otherwise AWS would have recognized the
 * `ClientRequestToken` and accepted the repeated attempt. A secret that has replicas can't have been deleted.
 */
const conclusive: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['idempotency-conflict', 'secret-has-replicas'])

/**
 * Returns the bounds of the time at which an attempt was sent, by AWS's clock. They are derived from the date in AWS's refusal of
 * the last attempt. AWS wrote that date after the last attempt was sent, and before now.
 *
 * @param uncertain when the attempt was sent, by the process's own clock
 * @param last when the last attempt was sent, by the process's own clock
 */
function sentAt ({ $response }: AwsException, uncertain: number, last: number): EarlierAttempt['sent'] {
  // The header `Date` has whole seconds, so AWS may have sent the refusal up to a second later.
  const refusedAt = Date.parse($response?.headers?.date ?? '')
  if (Number.isNaN(refusedAt)) return undefined
  return { earliest: refusedAt - (performance.now() - uncertain), latest: refusedAt + 1_000 - (last - uncertain) }
}

function causeOf ({ code }: Problem, error: Error): FailureCause {
  if (error instanceof Problem) return 'keys-unavailable'
  if (code === 'aws-throttled') return 'throttled'
  return failureOf(error)
}

/** Returns true if AWS may have carried out the attempt that ended with this error. */
function mayBeCarriedOut (error: AwsException): boolean {
  const { code } = problemFrom(error, { operation: '' })
  const status = statusOf(error)
  // A status from 300 to 499 means that the request was refused, whether by AWS or by a proxy.
  const isRefused = status !== undefined && status >= 300 && status < 500
  return unanswered.has(code) && !isRefused && failureOf(error) !== 'unreachable'
}

function failureOf (error: AwsException): FailureCause {
  if (isUnreachable(error)) return 'unreachable'
  if (isBrokenOff(error)) return 'broken-off'
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return 'timed-out'
  return (statusOf(error) ?? 0) >= 500 ? 'failed' : 'unreadable'
}

const statusOf = ({ $metadata, $response }: AwsException): number | undefined =>
  $metadata?.httpStatusCode ?? $response?.statusCode

/** Node's error codes for connections that are refused, or whose certificate is not accepted. */
const unreachableCodes = /^(?:ECONNREFUSED|ERR_TLS_\w+|CERT_\w+|\w*SELF_SIGNED_CERT\w*|UNABLE_TO_\w+)$/

/** The messages of the SDK and of Node.js for connections that were not established in time, or whose TLS handshake failed. */
const unreachableMessages = /did not establish a connection|before secure TLS connection was established|wrong version number/

const isUnreachable = ({ code = '', syscall, message, errors }: AwsException): boolean => errors?.every(isUnreachable) ??
  (syscall === 'connect' || syscall === 'getaddrinfo' || unreachableCodes.test(code) || unreachableMessages.test(message))
