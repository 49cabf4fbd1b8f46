import { hkdfSync, randomBytes } from 'node:crypto'
import type { AccessKey } from '#src/aws-protocol/signature'
import { signatureErrors } from '#src/aws-protocol/signature-errors'
import { parsePolicy } from '#src/local-backend/policies/parse'
import { uniqueId, type Principal } from '#src/local-backend/principal'
import { keyBytes, seal, unseal } from '#src/local-backend/store/sealing'
import type { KnownRole } from './roles.ts'

/** A role that is assumed, from now on and until it ends. */
export interface SessionRequest {
  role: KnownRole
  name: string
  sourceIdentity: string | undefined
  /** The session's own policy, as JSON that was found well-formed. */
  policy: string | undefined
  /** Seconds. */
  duration: number
}

/** The temporary keys of a session. */
export interface SessionKeys {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string
  /** When they end, in milliseconds since the epoch. */
  expires: number
}

/** Begins sessions, and knows them again by what it gave out: nothing is kept, so that they outlast a restart. */
export interface Sessions {
  begin: (request: SessionRequest) => SessionKeys
  /**
   * What stands behind a session's access key ID and token; undefined if they are none of a session of a role that there is.
   * Throws ExpiredTokenException where the session has ended.
   */
  open: (accessKeyId: string, sessionToken: string) => AccessKey<Principal> | undefined
}

/** What a session token holds, sealed. */
interface Content {
  secretAccessKey: string
  role: string
  name: string
  expires: number
  sourceIdentity?: string
  policy?: string
}

export interface SessionOptions {
  /** From which the key that seals session tokens is derived. */
  masterKey: Uint8Array
  roles: ReadonlyMap<string, KnownRole>
  /** Milliseconds since the epoch. */
  now: () => number
}

export function createSessions ({ masterKey, roles, now }: SessionOptions): Sessions {
  const key = new Uint8Array(hkdfSync('sha256', masterKey, new Uint8Array(), 'session-token', keyBytes))
  const placeOf = (accessKeyId: string): string[] => ['session-token', accessKeyId]

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
      const sealed = seal(key, placeOf(accessKeyId), Buffer.from(JSON.stringify(content)))
      return { accessKeyId, secretAccessKey, expires, sessionToken: Buffer.from(sealed).toString('base64') }
    },

    open (accessKeyId, sessionToken) {
      const opened = unseal(key, placeOf(accessKeyId), Buffer.from(sessionToken, 'base64'))
      if (opened === undefined) return undefined
      const { secretAccessKey, expires, ...session } = JSON.parse(opened.toString()) as Content
      const role = roles.get(session.role)
      if (role === undefined) return undefined
      if (now() >= expires) throw signatureErrors.expiredToken()
      return { secretAccessKey, principal: principalOf(role, session) }
    }
  }
}

/** The ARN of a role's session; a role's path is no part of it. */
export function sessionArn ({ accountId, name }: KnownRole, sessionName: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${name}/${sessionName}`
}

/** AWS's ID of a role's session. */
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
