import type { Policy } from './policies/policy.ts'

/** On whose behalf an access key signs. */
export interface Principal {
  /** Twelve digits. */
  accountId: string
  arn: string
  /** What it may do; what none of them allows it may not, unless a resource of its account lets it. */
  identityPolicies: readonly Policy[]
  /** The AWS service that it is, if it is one; the secrets that it makes can be changed by it alone. */
  service?: string | undefined
}

/** The ARN of an account's owner. */
export function rootArn (accountId: string): string {
  return `arn:aws:iam::${accountId}:root`
}
