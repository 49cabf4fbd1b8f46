import { createHash } from 'node:crypto'
import type { Policy } from './policies/policy.ts'

/** The owner of an access key: an account's root user, an IAM user, a role session or an AWS service. */
export interface Principal {
  /** The ID of the principal's account, twelve digits. */
  accountId: string
  /** The principal's ARN. For a role session, it has the form `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  arn: string
  /**
   * The value of `aws:userid`: the account ID for a root user, a unique ID in AWS's format for an IAM user, and
   * `ROLEID:SESSIONNAME` for a role session.
   */
  userId: string
  /**
   * The principal's identity policies. An action that none of them allows is denied, unless a resource policy in the same account
   * allows it.
   */
  identityPolicies: readonly Policy[]
  /** Set if the principal is an AWS service, such as `rds`. Only that service can change the secrets that it creates. */
  service?: string | undefined
  /** Set if the principal is a role session. */
  session?: RoleSession | undefined
}

/** The temporary session that a principal gets by assuming a role. */
export interface RoleSession {
  /** The ARN of the role. Policies that name the role also apply to its sessions. */
  roleArn: string
  /** The source identity that was set when the role was assumed, if any. Role chaining passes it on to the next session. */
  sourceIdentity: string | undefined
  /** The session policy, which limits the session's permissions; undefined if the session has all permissions of its role. */
  policy: Policy | undefined
}

/** Returns the ARN of an account's root user, in the partition `aws`. */
export function rootArn (accountId: string): string {
  return `arn:aws:iam::${accountId}:root`
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * Returns a unique ID in AWS's format: a prefix, such as `AROA`, and 17 letters and digits. The ID depends only on the ARN. AWS,
 * by contrast, assigns a new ID when an entity is deleted and created again.
 */
export function uniqueId (prefix: string, arn: string): string {
  return prefix + Array.from(createHash('sha256').update(arn).digest().subarray(0, 17), (byte) => letters.charAt(byte % 32)).join('')
}
