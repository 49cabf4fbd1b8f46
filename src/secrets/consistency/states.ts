import type { SecretMetadata } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { allSecrets } from '#src/secrets/all-secrets'
import type { Scope } from '#src/secrets/scope'

/**
 * Returns the state of every secret in the environment whose name starts with the prefix, including secrets that are scheduled
 * for deletion. The caller's permissions are not checked.
 *
 * @throws Problem `invalid-request` if the prefix is longer than any secret name can be, and any AWS error
 */
export async function secretStates (scope: Scope, namePrefix = ''): Promise<Map<SecretName, SecretMetadata['state']>> {
  const secrets = await allSecrets(scope, { namePrefix }, { includePlannedDeletion: true })
  return new Map(secrets.map(({ name, state }) => [name, state]))
}
