import { shapes } from '#src/aws-model/shapes'
import type { SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import type { Scope } from '#src/secrets/scope'

/**
 * Returns the state of every secret in the environment, including secrets that are scheduled for deletion. It does not check the
 * caller's permissions.
 *
 * @throws Problem `invalid-request` if the prefix is longer than any secret name can be, and any AWS error
 */
export async function secretStates (scope: Scope, namePrefix = ''): Promise<Map<SecretName, SecretMetadata['state']>> {
  const states = new Map<SecretName, SecretMetadata['state']>()
  const request = { filters: { namePrefix }, includePlannedDeletion: true, limit: shapes.MaxResultsType.max }
  let cursor: string | undefined
  do {
    const { items, nextCursor } = await scope.aws.listSecrets(scope, { ...request, cursor })
    for (const { name, state } of items) states.set(name, state)
    cursor = nextCursor
  } while (cursor !== undefined)
  return states
}
