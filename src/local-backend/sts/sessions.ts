import { hkdfSync, randomBytes } from 'node:crypto'
import type { AccessKey } from '#src/aws-protocol/signature'
import { signatureErrors } from '#src/aws-protocol/signature-errors'
import { partitionWith } from '#src/local-backend/partition'
import { parsePolicy } from '#src/local-backend/policies/parse'
import { uniqueId, type Principal } from '#src/local-backend/principal'
import { keyBytes, seal, unseal } from '#src/local-backend/store/sealing'
import type { KnownRole } from './roles.ts'

/** A request to start a session of a role. */
export interface SessionRequest {
  role: KnownRole
  name: string
  sourceIdentity: string | undefined
  /** The session policy as well-formed JSON. */
  policy: string | undefined
  /** The duration of the session, in seconds. */
  duration: number
}

export interface SessionKeys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
  /** The expiration time, in milliseconds since the epoch. */
  expires: number
}

/**
 * Starts sessions and recognizes their keys. Each session's token contains all of the session's data in encrypted form. Sessions
 * survive a restart, because none of their data is kept in memory.
 */
export interface Sessions {
  begin: (request: SessionRequest) => SessionKeys
  /**
   * Returns a session's secret access key and its principal. Returns undefined if the token does not belong to the access key
   * ID, or if the session's role does not exist.
   *
   * @throws AwsError `ExpiredTokenException` if the session has expired
   */
  open: (accessKeyId: string, sessionToken: string) => AccessKey<Principal> | undefined
}

/** The encrypted content of a session token. */
interface Content {
  secretAccessKey: string
  role: string
  name: string
  expires: number
  sourceIdentity?: string
  policy?: string
}

export interface SessionOptions {
  /** The key from which the encryption key of session tokens is derived. */
  masterKey: Uint8Array
  roles: ReadonlyMap<string, KnownRole>
  /** Returns the time in milliseconds since the epoch. */
  now: () => number
}

export function createSessions ({ masterKey, roles, now }: SessionOptions): Sessions {
  const key = new Uint8Array(hkdfSync('sha256', masterKey, new Uint8Array(), 'session-token', keyBytes))
  const tokenContext = (accessKeyId: string): string[] => ['session-token', accessKeyId]

  return {
    begin ({ role, name, sourceIdentity, policy, duration }) {
      const accessKeyId = uniqueId('ASIA', randomBytes(20).toString('hex')).slice(0, 20)
      const secretAccessKey = randomBytes(30).toString('base64')
      const expires = (Math.floor(now() / 1000) + duration) * 1000
      const content: Content = {
        secretAccessKey, name, expires, role: role.arn,
        ...sourceIdentity !== undefined && { sourceIdentity },
        ...policy !== undefined && { policy }
      }
      const sealed = seal(key, tokenContext(accessKeyId), Buffer.from(JSON.stringify(content)))
      return { accessKeyId, secretAccessKey, expires, sessionToken: Buffer.from(sealed).toString('base64') }
    },

    open (accessKeyId, sessionToken) {
      const opened = unseal(key, tokenContext(accessKeyId), Buffer.from(sessionToken, 'base64'))
      if (opened === undefined) return undefined
      const { secretAccessKey, expires, ...session } = JSON.parse(opened.toString()) as Content
      const role = roles.get(session.role)
      if (role === undefined) return undefined
      if (now() >= expires) throw signatureErrors.expiredToken()
      return { secretAccessKey, principal: principalOf(role, session) }
    }
  }
}

/** Returns the ARN of a role session. Unlike the role's ARN, it does not contain the role's path. */
export function sessionArn ({ arn, accountId, name }: KnownRole, sessionName: string): string {
  return `arn:${partitionWith(arn)}:sts::${accountId}:assumed-role/${name}/${sessionName}`
}

/** Returns the unique ID of a role session (AWS's `AssumedRoleId`). */
export function sessionId ({ arn }: KnownRole, sessionName: string): string {
  return `${uniqueId('AROA', arn)}:${sessionName}`
}

function principalOf (role: KnownRole, { name, sourceIdentity, policy }: Pick<Content, 'name' | 'sourceIdentity' | 'policy'>): Principal {
  return {
    accountId: role.accountId,
    arn: sessionArn(role, name),
    userId: sessionId(role, name),
    identityPolicies: role.identityPolicies,
    session: { roleArn: role.arn, sourceIdentity, policy: policy === undefined ? undefined : parsePolicy(policy, 'identity') }
  }
}
