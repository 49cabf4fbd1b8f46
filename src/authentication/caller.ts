/** How callers can prove who they are. */
export type AuthenticationMethod = 'api-key' | 'oidc' | 'aws' | 'mtls'

/** Who sends a request, once that is proved. */
export interface Caller {
  /**
   * Unique across the methods: an API key's ID as it is, which has no colon; `NAME:SUB` of an OIDC issuer's token;
   * `aws:ACCOUNT:UNIQUEID`; of a client certificate its SPIFFE ID, else `dns:NAME`.
   */
  readonly id: string
  /** The gateway's own groups have no colon in their names; a group that an issuer claims is `NAME:GROUP`. */
  readonly groups: readonly string[]
  readonly method: AuthenticationMethod
}

/** A caller as it authenticates, before the configuration puts it into groups. */
export const caller = (method: AuthenticationMethod, id: string, groups: readonly string[] = []): Caller =>
  ({ id, groups, method })
