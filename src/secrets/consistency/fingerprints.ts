import { createHmac, randomBytes } from 'node:crypto'
import pMap from 'p-map'
import type { SecretName } from '#src/environments/names'
import type { Problem } from '#src/problems/problem'
import { mapValues } from '#src/secrets/read-many'
import type { Scope } from '#src/secrets/scope'

/** Environments read at the same time, each some batches at once. */
const concurrentEnvironments = 2

/**
 * For each value a text that is the same for the same value, byte for byte, or the problem that reading it has. It is made with a
 * key of this call alone, and says nothing outside of it. A text and the same bytes as binary are two values, since services read
 * them from different fields.
 *
 * @throws Problem as AWS answers to a whole batch
 */
export async function fingerprints (
  wanted: readonly { scope: Scope, names: readonly SecretName[] }[]
): Promise<Map<Scope, Map<SecretName, string | Problem>>> {
  const key = randomBytes(32)
  const fingerprint = (content: string | Uint8Array): string =>
    createHmac('sha256', key).update(typeof content === 'string' ? 'text' : 'binary').update(content).digest('base64')
  const found = await pMap(wanted, async ({ scope, names }) => {
    const entries = await mapValues(scope, names, (result): [SecretName, string | Problem] =>
      [result.name, 'secret' in result ? fingerprint(result.secret.content) : result.problem])
    return [scope, new Map(entries)] as const
  }, { concurrency: concurrentEnvironments })
  return new Map(found)
}
