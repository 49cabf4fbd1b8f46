/** The authentication methods. */
export type AuthenticationMethod = 'api-key' | 'oidc' | 'aws' | 'mtls'

/** The authenticated sender of a request. */
export interface Caller {
  /**
   * The caller ID, unique across the methods. API key: the configured ID, which has no colon. OIDC token: `NAME:SUB`, with the
   * issuer's configured name. AWS identity: `aws:ACCOUNT:UNIQUEID`. Client certificate: its SPIFFE ID, otherwise `dns:NAME`.
   */
  readonly id: string
  /** The groups. A configured group's name has no colon; a group from an OIDC token is `NAME:GROUP`. */
  readonly groups: readonly string[]
  readonly method: AuthenticationMethod
}

/** Creates a caller with the groups of its key, token or AWS identity. `membership` later adds groups from the configuration. */
export const caller = (method: AuthenticationMethod, id: string, groups: readonly string[] = []): Caller =>
  ({ id, groups, method })
