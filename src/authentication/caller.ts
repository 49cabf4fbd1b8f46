/** The authentication methods. */
export type AuthenticationMethod = 'api-key' | 'oidc' | 'aws' | 'mtls'

/** The authenticated sender of a request. */
export interface Caller {
  /**
   * The caller ID, unique across the methods. API key: its ID, which has no colon. OIDC token: `NAME:SUB`. AWS identity:
   * `aws:ACCOUNT:UNIQUEID`. Client certificate: its SPIFFE ID, otherwise `dns:NAME`.
   */
  readonly id: string
  /** The groups. Configured groups have no colon in their names; a group from an issuer's token is `NAME:GROUP`. */
  readonly groups: readonly string[]
  readonly method: AuthenticationMethod
}

/** Creates a caller, before the groups of the configuration are added. */
export const caller = (method: AuthenticationMethod, id: string, groups: readonly string[] = []): Caller =>
  ({ id, groups, method })
