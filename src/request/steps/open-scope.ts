import type { SecretsPort } from '#src/aws/port'
import { openScope as open } from '#src/request/scopes'
import type { Step } from '#src/request/step'

/** Creates the context that the handler passes to its use cases, for the environment in the path. */
export const openScope = (aws: SecretsPort): Step => (request) => {
  const { environment, credentialId, headers: { 'idempotency-key': idempotencyKey } } = request
  const scope = open(request, environment, credentialId, aws)
  return { scope: typeof idempotencyKey === 'string' ? { ...scope, idempotencyKey } : scope }
}
