import { openScope as open, type ScopeContext } from '#src/request/scopes'
import type { Step } from '#src/request/step'

/** Creates the context that the handler passes to its use cases, for the environment in the path. */
export const openScope = (context: ScopeContext): Step => (request) => {
  const { environment, credentialId, headers: { 'idempotency-key': idempotencyKey } } = request
  const scope = open(request, environment, credentialId, context)
  return { scope: typeof idempotencyKey === 'string' ? { ...scope, idempotencyKey } : scope }
}
