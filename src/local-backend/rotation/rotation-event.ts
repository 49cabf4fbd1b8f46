/** The steps of a rotation, in their order. */
export const steps = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const

export type Step = (typeof steps)[number]

/** What a rotation function is told, as Secrets Manager tells a Lambda function. */
export interface RotationEvent {
  Step: Step
  /** The secret's ARN. */
  SecretId: string
  /** The ID of the version that the rotation makes. */
  ClientRequestToken: string
  /** To be handed on to PutSecretValue by functions that assume another role; nothing here asks for it. */
  RotationToken: string
}

/** One call of a rotation function. */
export interface Invocation {
  functionArn: string
  event: RotationEvent
  /** Ends the call. */
  signal: AbortSignal
}
