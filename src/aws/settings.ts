import type { LaneSettings } from '#src/admission/lane'

/** The AWS endpoints, the quota share, and the bounds of calls. Durations are in milliseconds. */
export interface AwsSettings extends LaneSettings {
  /** A custom endpoint URL for AWS Secrets Manager. */
  readonly endpoint?: string
  /** A custom endpoint URL for AWS STS. Defaults to `endpoint`. */
  readonly stsEndpoint?: string
  /** The share of AWS's request quotas that this process may use, from 0.1 to 1. */
  readonly quotaShare: number
  /** The time limit of a call of Secrets Manager with all its attempts, without the wait in the queue. */
  readonly deadline: number
  /** The time limit for getting a credential's keys. */
  readonly stsDeadline: number
}
