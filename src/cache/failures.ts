import { isProblem, Problem } from '#src/problems/problem'
import type { ProblemCode } from '#src/problems/catalogue'
import type { FailureCause } from '#src/problems/failure'

/** What a failed read of AWS means for what is kept of the secret. */
export type Meaning =
  /** AWS says that the secret or the version does not exist. */
  | 'absent'
  /** AWS did not answer, so nothing is known about the secret. */
  | 'unanswered'
  /** The gateway ended the read by itself, or did not understand the answer. */
  | 'undecided'
  /** AWS refused the read. */
  | 'refused'

const meanings: Readonly<Partial<Record<ProblemCode, Meaning>>> = {
  'secret-not-found': 'absent',
  'version-not-found': 'absent',
  'aws-throttled': 'unanswered',
  'aws-timeout': 'unanswered',
  'aws-unavailable': 'unanswered',
  overloaded: 'undecided',
  'caller-gone': 'undecided'
}

/** The causes with which something has answered, although not as AWS does: it may be a denial that the gateway does not know. */
const unclear: ReadonlySet<FailureCause> = new Set<FailureCause>(['unreadable', 'refused'])

/** Returns what an error means. An error that is not listed counts as a refusal, so that nothing is kept by mistake. */
export function meaningOf (error: unknown): Meaning {
  if (!(error instanceof Problem)) return 'undecided'
  const meaning = meanings[error.code] ?? 'refused'
  const { failure } = error.options
  const isUnclear = meaning === 'unanswered' && error.code !== 'aws-throttled' && (failure === undefined || unclear.has(failure.cause))
  return isUnclear ? 'undecided' : meaning
}

/** Returns true if a failed read may have another result for another caller, whose session of the role is another one. */
export const concernsSession = (error: unknown): boolean =>
  isProblem(error, 'credential-invalid') || isProblem(error, 'aws-access-denied')
