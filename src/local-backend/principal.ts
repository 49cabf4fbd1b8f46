import { createHash } from 'node:crypto'
import type { Policy } from './policies/policy.ts'

/** On whose behalf an access key signs. */
export interface Principal {
  /** Twelve digits. */
  accountId: string
  /** Of a role's session, that of the session: `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  arn: string
  /** `aws:userid`: the account's ID for its owner, AWS's ID of a user, and of a session the role's ID, a colon and its name. */
  userId: string
  /** What it may do; what none of them allows it may not, unless a resource of its account lets it. */
  identityPolicies: readonly Policy[]
  /** The AWS service that it is, if it is one; the secrets that it makes can be changed by it alone. */
  service?: string | undefined
  /** What it is besides, if it is the session of a role. */
  session?: RoleSession | undefined
}

/** A role that somebody has assumed for a while. */
export interface RoleSession {
  /** The role's. Policies that name it mean its sessions, too. */
  roleArn: string
  /** Who is behind it, as whoever assumed the role has said; it passes on to the sessions that this one begins. */
  sourceIdentity: string | undefined
  /** What the session may do at most; whatever the role may do, without one. */
  policy: Policy | undefined
}

/** The ARN of an account's owner. */
export function rootArn (accountId: string): string {
  return `arn:aws:iam::${accountId}:root`
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** An ID in AWS's form, such as `AROA` and 17 letters and digits, that an ARN always has; AWS gives what is made anew another. */
export function uniqueId (prefix: string, arn: string): string {
  return prefix + Array.from(createHash('sha256').update(arn).digest().subarray(0, 17), (byte) => letters.charAt(byte % 32)).join('')
}
