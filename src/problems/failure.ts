/** The reason why there is no usable reply to an AWS operation. */
export type FailureCause = keyof typeof causes

/** The possible effect of the failed operation on the secrets: whether AWS may have changed them. */
export type FailureEffect = keyof typeof effects

/** An AWS operation, such as `GetSecretValue`, to which there is no usable reply. */
export interface Failure {
  operation: string
  cause: FailureCause
  effect: FailureEffect
}

const causes = {
  'keys-unavailable': 'AWS STS, which has to provide the keys of the credential, failed or could not be reached.',
  unreachable: 'No connection to AWS could be established.',
  'broken-off': 'The connection to AWS broke off before the whole reply had arrived.',
  'timed-out': 'AWS did not answer in time.',
  'not-answering': 'AWS has not answered the latest calls, so this one was not sent.',
  failed: 'AWS reported an error of its own.',
  throttled: 'AWS throttled the repetition of a call whose reply was lost.',
  refused: 'AWS refused the repetition of a call whose reply was lost.',
  unreadable: 'The reply could not be understood: it may come from a proxy instead of AWS.'
} as const

const effects = {
  'not-done': (operation: string) => `AWS did not carry out ${operation}: try again as \`Retry-After\` says.`,
  'only-read': (operation: string) => `${operation} only reads, so it changed nothing: try again as \`Retry-After\` says.`,
  unknown: (operation: string) => `It is unknown whether AWS carried out ${operation}. To find out, look at \`GET …/metadata\`. ` +
    'A request that had an `Idempotency-Key` can be repeated with the same key: nothing is then written twice.',
  'unknown-by-whom': (operation: string) => `The secret is in the state that ${operation} leads to, but it is unknown whether this ` +
    'request or another one brought it there. Look at `GET …/metadata` before you rely on any details of the request.'
} as const

export const causeText = (cause: FailureCause): string => causes[cause]

/** Returns an explanation for the caller. It consists of fixed texts and the operation's name, so it reveals nothing secret. */
export const failureText = ({ operation, cause, effect }: Failure): string => `${causeText(cause)} ${effects[effect](operation)}`
