import { createHash } from 'node:crypto'
import type { Policy } from './policies/policy.ts'

/** The owner of an access key, on whose behalf requests are signed. */
export interface Principal {
  /** Twelve digits. */
  accountId: string
  /** For a role's session, the ARN of the session: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  arn: string
  /**
   * The value of `aws:userid`: the account ID for a root user, AWS's unique ID for a user, and `ROLEID:SESSIONNAME` for a role's
   * session.
   */
  userId: string
  /** Actions that none of them allows are denied, unless a resource policy in the same account allows them. */
  identityPolicies: readonly Policy[]
  /** The AWS service that the principal is, if any. Only that service may change the secrets that it creates. */
  service?: string | undefined
  /** Defined if the principal is the session of a role. */
  session?: RoleSession | undefined
}

/** A temporary session of a role that a principal has assumed. */
export interface RoleSession {
  /** The ARN of the role. Policies that name it apply to its sessions, too. */
  roleArn: string
  /** The identity behind the session, as stated by the principal that assumed the role. Role chaining passes it on. */
  sourceIdentity: string | undefined
  /** The session policy, which limits the session's permissions; undefined if the session has all permissions of its role. */
  policy: Policy | undefined
}

/** Returns the ARN of an account's root user. */
export function rootArn (accountId: string): string {
  return `arn:aws:iam::${accountId}:root`
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * Returns a unique ID in AWS's format: a prefix, such as `AROA`, and 17 letters and digits. It depends only on the ARN, whereas
 * AWS assigns a new ID to an entity that is deleted and created again.
 */
export function uniqueId (prefix: string, arn: string): string {
  return prefix + Array.from(createHash('sha256').update(arn).digest().subarray(0, 17), (byte) => letters.charAt(byte % 32)).join('')
}
