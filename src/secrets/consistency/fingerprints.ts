import { createHmac, createSecretKey, randomBytes } from 'node:crypto'
import pMap from 'p-map'
import type { SecretName } from '#src/environments/names'
import type { Problem } from '#src/problems/problem'
import { mapValues } from '#src/secrets/read-many'
import type { Scope } from '#src/secrets/scope'

/**
 * The maximum number of environments whose secrets are read at the same time. Within an environment, several batches of secrets
 * are read at the same time, too.
 */
const concurrentEnvironments = 2

/**
 * Returns a keyed hash of each secret's value, or the problem if the value can't be read. Values that are equal byte for byte
 * have equal hashes, unless one is text and the other is binary: clients read these from different fields (`SecretString` and
 * `SecretBinary`). Every call uses a new key, so hashes from different calls can't be compared.
 *
 * @throws Problem for any AWS error that concerns a whole batch
 */
export async function fingerprints (
  wanted: readonly { scope: Scope, names: readonly SecretName[] }[]
): Promise<Map<Scope, Map<SecretName, string | Problem>>> {
  const key = createSecretKey(randomBytes(32))
  const fingerprint = (content: string | Uint8Array): string =>
    createHmac('sha256', key).update(typeof content === 'string' ? 'text' : 'binary').update(content).digest('base64')
  const found = await pMap(wanted, async ({ scope, names }) => {
    const entries = await mapValues(scope, names, (result): [SecretName, string | Problem] =>
      [result.name, 'secret' in result ? fingerprint(result.secret.content) : result.problem])
    return [scope, new Map(entries)] as const
  }, { concurrency: concurrentEnvironments })
  return new Map(found)
}
