import type { Caller } from '#src/local-backend/rules/context'
import type { IdentityProviders } from './identity-providers.ts'
import type { KnownRole } from './roles.ts'
import type { Sessions } from './sessions.ts'

/** What STS works with. */
export interface Sts {
  roles: ReadonlyMap<string, KnownRole>
  identityProviders: IdentityProviders
  sessions: Sessions
}

/** What an operation of STS works with. */
export interface StsContext extends Sts {
  /** Milliseconds since the epoch. */
  now: number
}

/** A call that somebody has signed. */
export interface SignedContext extends StsContext {
  /** That of the request's signature. */
  region: string
  caller: Caller
}
