import pMap from 'p-map'
import type { RecentlyWritten } from '#src/aws/port'
import type { SecretMetadata } from '#src/aws/secret'
import type { AnyName, SecretName, UnaddressableName } from '#src/environments/names'
import { isProblem } from '#src/problems/problem'
import { allSecrets } from '#src/secrets/all-secrets'
import { findSecret } from '#src/secrets/metadata'
import type { Scope } from '#src/secrets/scope'

/** Secrets' states, by name. */
export type States<Name extends AnyName> = Map<Name, SecretMetadata['state']>

/** The states of an environment's secrets, grouped by whether the gateway can address them. */
export interface SecretStates {
  states: States<SecretName>
  /** The states of the secrets that the gateway can't address because of their names. They are not in `states`. */
  unaddressable: States<UnaddressableName>
}

/** The number of secrets that are described at the same time. */
const concurrentSecrets = 8

/**
 * Returns the state of every secret in the environment whose name starts with the prefix, including secrets that are scheduled
 * for deletion. The caller's permissions are not checked.
 *
 * AWS's lists may lack the changes of the last five minutes. Therefore, the secrets that this process has changed are looked up
 * individually, and so is each required secret that is not in the list.
 *
 * @param required the names of secrets whose absence matters
 * @throws Problem `invalid-request` if the prefix is longer than any secret name can be, and any AWS error
 */
export async function secretStates (
  scope: Scope, namePrefix = '', required: Iterable<SecretName> = []
): Promise<SecretStates> {
  const { secrets, unaddressable } = await allSecrets(scope, { namePrefix }, { includePlannedDeletion: true })
  const states = statesOf(secrets)
  const late = scope.aws.listRecentlyWritten(scope)
    .filter(({ name, state }) => name.startsWith(namePrefix) && !agrees(states.get(name), state)).map(({ name }) => name)
  const absent = [...required].filter((name) => !states.has(name))
  await pMap(new Set([...late, ...absent]), async (name) => lookUp(scope, name, states), { concurrency: concurrentSecrets })
  return { states, unaddressable: statesOf(unaddressable) }
}

/**
 * Returns true if the state in a list agrees with the known state. A listed placeholder never agrees, because it may have
 * received a value in the meantime.
 */
function agrees (listed: SecretMetadata['state'] | undefined, known: RecentlyWritten['state']): boolean {
  if (known === 'gone') return listed === undefined
  return known === 'deleted' ? listed === 'pending-deletion' : known === 'present' && listed === 'active'
}

/** Replaces a secret's state with the state that AWS describes. If AWS denies the description, keeps the old state. */
async function lookUp (scope: Scope, name: SecretName, states: States<SecretName>): Promise<void> {
  try {
    const found = await findSecret(scope, name)
    if (found === undefined) states.delete(name)
    else states.set(name, found.state)
  } catch (error) {
    if (!isProblem(error, 'aws-access-denied')) throw error
  }
}

const statesOf = <Name extends AnyName>(secrets: readonly SecretMetadata<Name>[]): States<Name> =>
  new Map(secrets.map(({ name, state }) => [name, state]))
