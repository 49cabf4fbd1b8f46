import { shapes } from '#src/aws-model/shapes'
import type { SecretMetadata } from '#src/aws/secret'
import type { SecretName, UnaddressableName } from '#src/environments/names'
import type { Scope } from '#src/secrets/scope'

/** The secrets of an environment. */
export interface SecretStates {
  states: Map<SecretName, SecretMetadata['state']>
  /** The names that the gateway can't address. */
  unaddressable: UnaddressableName[]
}

/**
 * Returns the state of every secret in the environment whose name starts with the prefix, including secrets that are scheduled
 * for deletion. The caller's permissions are not checked.
 *
 * @throws Problem `invalid-request` if the prefix is longer than any secret name can be, and any AWS error
 */
export async function secretStates (scope: Scope, namePrefix = ''): Promise<SecretStates> {
  const states = new Map<SecretName, SecretMetadata['state']>()
  const unaddressable: UnaddressableName[] = []
  const request = { filters: { namePrefix }, includePlannedDeletion: true, limit: shapes.MaxResultsType.max }
  let cursor: string | undefined
  do {
    const { items, nextCursor, unaddressable: leftOut = [] } = await scope.aws.listSecrets(scope, { ...request, cursor })
    for (const { name, state } of items) states.set(name, state)
    unaddressable.push(...leftOut)
    cursor = nextCursor
  } while (cursor !== undefined)
  return { states, unaddressable }
}
