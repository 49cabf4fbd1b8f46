import { openScope as open, type AwsFor } from '#src/request/scopes'
import type { Step } from '#src/request/step'

/** Opens the use cases' working context in the environment of the path. */
export const openScope = (awsFor: AwsFor): Step => (request) => {
  const { environment, credentialId, headers: { 'idempotency-key': idempotencyKey } } = request
  const scope = open(request, environment, credentialId, awsFor)
  return { scope: typeof idempotencyKey === 'string' ? { ...scope, idempotencyKey } : scope }
}
