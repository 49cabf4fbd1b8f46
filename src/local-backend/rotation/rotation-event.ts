/** The steps of a rotation, in order. */
export const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const

export type Step = (typeof steps)[number]

/** The event that a rotation function receives, in the form that Secrets Manager sends to a Lambda function. */
export interface RotationEvent {
  Step: Step
  /** The secret's ARN. */
  SecretId: string
  /** The ID of the version that the rotation creates. */
  ClientRequestToken: string
  /**
   * A token that a rotation function can pass to PutSecretValue. AWS requires the token if the function assumes another role;
   * this backend never requires it.
   */
  RotationToken: string
}

/** A call to a rotation function. */
export interface Invocation {
  functionArn: string
  event: RotationEvent
  /** Aborts the call. */
  signal: AbortSignal
}
