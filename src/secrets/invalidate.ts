import type { SecretOutcome } from '#src/audit/secret-outcome'
import { secretOf } from '#src/aws/caching'
import { parseSecretId } from '#src/aws/secret-ids'
import { compact } from '#src/json/compact'
import { invalidRequest, Problem, type RequestError } from '#src/problems/problem'
import { mapInTurns } from '#src/scheduling/turns'
import { permitted } from './permitted.ts'
import type { Scope } from './scope.ts'

/**
 * Drops secrets from the cache. A secret that the caller may not drop fails without affecting the others.
 *
 * @param secretIds the names or ARNs of the secrets
 * @param drop drops the secret with this name in AWS
 * @throws Problem `invalid-request` for an invalid name, or an ARN of another environment; in that case, nothing is dropped
 */
export async function invalidate (
  scope: Scope, secretIds: readonly string[], drop: (secret: string) => void
): Promise<SecretOutcome[]> {
  const { environment, credentialId } = scope
  const parsed = await mapInTurns(secretIds, (secretId) => parseSecretId(environment, secretId))
  const errors = parsed.flatMap((one, index): RequestError[] =>
    'mistake' in one ? [{ in: 'body', pointer: `/secretIds/${index}`, message: one.mistake }] : [])
  if (errors.length > 0) throw invalidRequest(errors)
  const names = [...new Set(parsed.flatMap((one) => 'name' in one ? [one.name] : []))]
  const allowed = await permitted(scope, 'InvalidateCache', names)
  for (const name of allowed) drop(secretOf(scope, name))
  return names.map((name) => compact({
    environment: environment.name,
    credential: credentialId,
    name,
    problem: allowed.has(name) ? undefined : new Problem('forbidden')
  }))
}
