import type { Caller } from '#src/local-backend/rules/context'
import type { IdentityProviders } from './identity-providers.ts'
import type { KnownRole } from './roles.ts'
import type { Sessions } from './sessions.ts'

/** The roles, identity providers and sessions that STS operations work with. */
export interface Sts {
  roles: ReadonlyMap<string, KnownRole>
  identityProviders: IdentityProviders
  sessions: Sessions
}

/** The context of an STS operation. */
export interface StsContext extends Sts {
  /** The current time, in milliseconds since the epoch. */
  now: number
}

/** The context of a signed call. */
export interface SignedContext extends StsContext {
  /** The region that the request is signed for. */
  region: string
  caller: Caller
}
