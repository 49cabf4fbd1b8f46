import type { LaneSettings } from '#src/admission/lane'
import type { EndpointSettings } from '#src/credentials/endpoints'

/**
 * The endpoints that all credentials share, the quota share, and the bounds of calls. Durations are in milliseconds. A credential
 * may have its own endpoints, which `endpointsOf` takes into account.
 */
export interface AwsSettings extends LaneSettings, EndpointSettings {
  /** The share of AWS's request quotas that this process may use, from 0.1 to 1. */
  readonly quotaShare: number
  /** The time limit of a call to Secrets Manager with all its attempts, without the wait in the queue. */
  readonly deadline: number
  /** The time limit for getting a credential's keys. */
  readonly stsDeadline: number
}
