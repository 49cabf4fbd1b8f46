import type { Failure, FailureCause } from '#src/problems/failure'
import { Problem } from '#src/problems/problem'
import { isRead } from './call.ts'
import { isBrokenOff, problemFrom, type AwsException, type FailedCall } from './exception-rules.ts'
import type { SecretsManager } from './types.ts'

/**
 * The inputs of commands that AWS may have carried out, although the gateway did not get the reply. An input object identifies
 * its command, because the SDK passes the same object to every middleware, on every attempt.
 */
const uncertain = new WeakSet<object>()

/** Keeps track of the attempts whose replies were lost. */
export function trackAttempts ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>): void {
  // This middleware runs inside the SDK's retry loop, on every attempt, and only when the request is about to be sent.
  middlewareStack.add((next) => async (args) => {
    try {
      return await next(args)
    } catch (error) {
      if (error instanceof Error && !(error instanceof Problem) && mayBeCarriedOut(error)) uncertain.add(args.input)
      throw error
    }
  }, { step: 'finalizeRequest', priority: 'low', name: 'attempts' })
}

/**
 * Returns the problem for a failed call, with what is known about the call's attempts:
 *
 * - `failure` tells why the last attempt got no usable answer from AWS, and whether the call may have had an effect. If AWS may
 *   have carried out an attempt to write, throttling counts as no usable answer, too.
 * - `repeated` is true if AWS refused the last attempt to write, but may have carried out an earlier one.
 */
export function withAttempts (error: Error, call: FailedCall & { input: object }): Problem {
  const { operation, input } = call
  const problem = error instanceof Problem ? error : problemFrom(error, call)
  const isUncertain = uncertain.has(input)
  const onlyReads = isRead(operation)
  const isUnanswered = unanswered.has(problem.code) || (problem.code === 'aws-throttled' && isUncertain && !onlyReads)
  if (isUnanswered) {
    const effect = !isUncertain ? 'not-done' : onlyReads ? 'only-read' : 'unknown'
    const failure: Failure = { operation, cause: causeOf(problem, error), effect }
    return new Problem(problem.code, { ...problem.options, failure })
  }
  return isUncertain && !onlyReads ? new Problem(problem.code, { ...problem.options, repeated: true }) : problem
}

const unanswered: ReadonlySet<string> = new Set(['aws-timeout', 'aws-unavailable'])

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

const isUnreachable = ({ code = '', syscall, message }: AwsException): boolean =>
  syscall === 'connect' || syscall === 'getaddrinfo' || unreachableCodes.test(code) || unreachableMessages.test(message)
