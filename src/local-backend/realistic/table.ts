/**
 * The distribution of a delay: usually between `shortest` and `usual`, and in the fraction `tail` of all cases between `usual`
 * and `longest`.
 */
export interface Delay {
  /** In milliseconds, like `usual` and `longest`. */
  shortest: number
  usual: number
  longest: number
  /** The fraction of cases in which the delay is longer than `usual`, from 0 to 1. */
  tail: number
}

interface Row {
  what: string
  /** The source of the row: AWS's documentation, or the basis of a guess. */
  source: string
}

const endpoint = 'https://docs.aws.amazon.com/secretsmanager/latest/apireference'

/** AWS's delays. AWS publishes few of these numbers. All others are guesses. */
export const delays = {
  visibility: {
    what: 'Until a read shows a created, changed, restored or deleted secret, or a moved label. Each reader has its own delay.',
    source: `AWS states that all operations are eventually consistent (${endpoint}/API_ListSecrets.html). The numbers are guesses.`,
    delay: { shortest: 0, usual: 150, longest: 3_000, tail: 0.1 }
  },
  listing: {
    what: 'Until ListSecrets shows it.',
    source: `AWS states that a list might lack the changes of the last five minutes (${endpoint}/API_ListSecrets.html).`,
    delay: { shortest: 0, usual: 5_000, longest: 300_000, tail: 0.2 }
  },
  forcedDeletion: {
    what: 'Until the name of a secret that was deleted without recovery can be used again.',
    source: `AWS states that the deletion is asynchronous (${endpoint}/API_DeleteSecret.html). Terraform's provider has seen seconds.`,
    delay: { shortest: 500, usual: 5_000, longest: 30_000, tail: 0.1 }
  },
  replication: {
    what: 'How long the replication of a change is InProgress.',
    source: `AWS has the state InProgress (${endpoint}/API_ReplicationStatusType.html). The numbers are guesses.`,
    delay: { shortest: 300, usual: 5_000, longest: 60_000, tail: 0.05 }
  },
  latency: {
    what: 'How long a call takes.',
    source: 'A guess, from the usual latency of an AWS service in the same region.',
    delay: { shortest: 5, usual: 40, longest: 1_500, tail: 0.02 }
  }
} as const satisfies Record<string, Row & { delay: Delay }>

/**
 * The probabilities of AWS's failures, from 0 to 1. All numbers are guesses. They are far above the real probabilities, so that a
 * short run encounters each kind of failure.
 */
export const chances = {
  throttling: {
    what: 'A call is throttled, even below the quotas.',
    source: 'AWS documents ThrottlingException as common to all its services, and other callers share the quotas.',
    chance: 0.01
  },
  failure: {
    what: 'A call fails with InternalServiceError, which it may do before or after it has been carried out.',
    source: 'AWS documents InternalServiceError for every operation, and does not state whether the call has been carried out.',
    chance: 0.005
  },
  reset: {
    what: 'The connection is reset instead of the reply, after the call has been carried out.',
    source: 'A guess: any network does this.',
    chance: 0.005
  },
  emptyPage: {
    what: 'A page of a list is empty, but has a NextToken.',
    source: `AWS states that a page can be empty even if there are more results (${endpoint}/API_ListSecrets.html).`,
    chance: 0.1
  },
  shortPage: {
    what: 'A page of a list has fewer entries than MaxResults, and a NextToken.',
    source: `AWS states that it might return fewer results (${endpoint}/API_ListSecrets.html).`,
    chance: 0.2
  },
  failedReplication: {
    what: 'A replication fails. The next change of the secret, or a repetition of ReplicateSecretToRegions, tries it again.',
    source: `AWS has the state Failed (${endpoint}/API_ReplicationStatusType.html). The number is a guess.`,
    chance: 0.02
  },
  failedRotationStep: {
    what: 'A call of a rotation function fails, and the rotation is attempted again later.',
    source: 'AWS Lambda documents TooManyRequestsException for Invoke. The number is a guess.',
    chance: 0.02
  }
} as const satisfies Record<string, Row & { chance: number }>
