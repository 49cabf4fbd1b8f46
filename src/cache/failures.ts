import { isProblem, Problem } from '#src/problems/problem'
import type { ProblemCode } from '#src/problems/catalogue'
import type { FailureCause } from '#src/problems/failure'

/** The effect that a failed read from AWS has on the cached answers about the secret. */
export type CacheEffect =
  /** AWS says that the secret or the version does not exist. */
  | 'absent'
  /** AWS did not answer, so nothing is known about the secret. */
  | 'unanswered'
  /** The gateway itself ended the read, or AWS's answer was not intelligible. */
  | 'undecided'
  /** AWS refused the read. */
  | 'refused'

const cacheEffects: Readonly<Partial<Record<ProblemCode, CacheEffect>>> = {
  'secret-not-found': 'absent',
  'version-not-found': 'absent',
  'aws-throttled': 'unanswered',
  'aws-timeout': 'unanswered',
  'aws-unavailable': 'unanswered',
  overloaded: 'undecided',
  'caller-gone': 'undecided'
}

/**
 * The causes of failures with a reply that AWS would not send. Such a reply may be a denial that the gateway does not recognize.
 */
const unclear: ReadonlySet<FailureCause> = new Set<FailureCause>(['unreadable', 'refused'])

/** Returns the effect of an error. An unknown error counts as a refusal, so that no answer stays in the cache by mistake. */
export function cacheEffectOf (error: unknown): CacheEffect {
  if (!(error instanceof Problem)) return 'undecided'
  const effect = cacheEffects[error.code] ?? 'refused'
  const { failure } = error.options
  const isUnclear = effect === 'unanswered' && error.code !== 'aws-throttled' && (failure === undefined || unclear.has(failure.cause))
  return isUnclear ? 'undecided' : effect
}

/**
 * Returns true if a read that failed with this error might succeed for another caller, because each caller has a separate session
 * of the role.
 */
export const isSessionSpecific = (error: unknown): boolean =>
  isProblem(error, 'credential-invalid') || isProblem(error, 'aws-access-denied')
