import type { Caching } from '#src/aws/caching'
import type { NamedSecret } from '#src/aws/secret-ids'
import type { Operation } from '#src/aws-model/shapes'
import type { Input } from '#src/aws-protocol/input'
import type { SecretOutcome } from '#src/audit/secret-outcome'
import type { Cursors } from '#src/secrets/cursors'
import type { Scope } from '#src/secrets/scope'

/** The dependencies of an operation in AWS's protocol. */
export interface EndpointContext {
  readonly scope: Scope
  readonly cursors: Cursors
  /** Returns how the call uses the cache. */
  readonly caching: () => Caching
  /** Adds the ID of a version to the audit record. */
  readonly reportVersion: (versionId: string | undefined) => void
  /** Records the outcome for each of several secrets. It must be called before the reply reveals any of these outcomes. */
  readonly reportSecrets: (outcomes: readonly SecretOutcome[]) => Promise<void>
}

/** Carries out an operation on a secret, and returns the body of the reply. */
export type OnSecret<Name extends Operation> =
  (context: EndpointContext, secret: NamedSecret, input: Input<Name>) => Promise<string>

/** Carries out an operation on an environment, and returns the body of the reply. */
export type OnEnvironment<Name extends Operation> = (context: EndpointContext, input: Input<Name>) => Promise<string>
