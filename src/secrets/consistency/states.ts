import { shapes } from '#src/aws-model/shapes'
import type { SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import type { Scope } from '#src/secrets/scope'

/**
 * Returns the state of every secret in the environment whose name starts with the prefix, including secrets that are scheduled
 * for deletion. The caller's permissions are not checked.
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
