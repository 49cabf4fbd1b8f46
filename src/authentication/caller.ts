export type AuthenticationMethod = 'api-key' | 'oidc' | 'aws' | 'mtls'

/** The authenticated sender of a request. */
export interface Caller {
  /**
   * The caller ID, unique across the methods:
   * - API key: the configured ID, which has no colon
   * - OIDC token: `NAME:SUB`, where `NAME` is the issuer's configured name
   * - AWS identity: `aws:ACCOUNT:UNIQUEID`
   * - client certificate: its SPIFFE ID or, if it has none, `dns:NAME`
   */
  readonly id: string
  /** The groups. A configured group's name has no colon; a group from an OIDC token is `NAME:GROUP`. */
  readonly groups: readonly string[]
  readonly method: AuthenticationMethod
}

/** Identifies a caller, without containing its token or certificate. */
export interface Proof {
  readonly method: AuthenticationMethod
  readonly id: string
  /** The groups in an OIDC token. The groups of other callers come from the current configuration. */
  readonly groups?: readonly string[]
  /**
   * The hash of what proved the caller's identity: the API key, the settings that a token was verified with, or the certificate
   * authorities. The proof is valid as long as these are in the configuration.
   */
  readonly hash?: string | undefined
}

/** An authenticated caller, and the time at which its token or certificate expires, in milliseconds since the epoch. */
export interface Identity {
  readonly caller: Caller
  readonly expires: number
  readonly proof: Proof
}

/**
 * Creates a caller with the groups of its key, token or AWS identity. `membership` later adds the configured groups that include
 * the caller.
 */
export const caller = (method: AuthenticationMethod, id: string, groups: readonly string[] = []): Caller =>
  ({ id, groups, method })
