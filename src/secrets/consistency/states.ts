import type { SecretMetadata } from '#src/aws/secret'
import type { AnyName, SecretName, UnaddressableName } from '#src/environments/names'
import { allSecrets } from '#src/secrets/all-secrets'
import type { Scope } from '#src/secrets/scope'

/** Secrets' states, by name. */
export type States<Name extends AnyName> = Map<Name, SecretMetadata['state']>

/** The states of an environment's secrets, grouped by whether the gateway can address them. */
export interface SecretStates {
  states: States<SecretName>
  /** The states of the secrets that the gateway can't address because of their names. They are not in `states`. */
  unaddressable: States<UnaddressableName>
}

/**
 * Returns the state of every secret in the environment whose name starts with the prefix, including secrets that are scheduled
 * for deletion. The caller's permissions are not checked.
 *
 * @throws Problem `invalid-request` if the prefix is longer than any secret name can be, and any AWS error
 */
export async function secretStates (scope: Scope, namePrefix = ''): Promise<SecretStates> {
  const { secrets, unaddressable } = await allSecrets(scope, { namePrefix }, { includePlannedDeletion: true })
  return { states: statesOf(secrets), unaddressable: statesOf(unaddressable) }
}

const statesOf = <Name extends AnyName>(secrets: readonly SecretMetadata<Name>[]): States<Name> =>
  new Map(secrets.map(({ name, state }) => [name, state]))
