import fp from 'fastify-plugin'
import { Problem } from '../src/errors.ts'
import type { Scope } from '../src/secrets/scope.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the use cases work in; in the handler of every route of an environment. */
    scope: Scope
  }
}

/** The decision on what the route declares; and, for a request that is allowed, what the use cases need. */
export default fp(async (fastify) => {
  fastify.decorateRequest('scope')

  fastify.addHook('preHandler', async (request) => {
    const { caller, environment, credentialId, secretName } = request
    const { action } = request.routeOptions.config
    if (caller === undefined || environment === undefined || action === undefined || action === 'Public') return
    // One answer for a credential that does not exist, that the environment does not allow, and that the caller may not use.
    if (credentialId === undefined || !request.may(action, environment, credentialId, secretName)) throw new Problem('forbidden')
    const { 'idempotency-key': idempotencyKey } = request.headers as { 'idempotency-key'?: string }
    request.scope = {
      environment,
      credentialId,
      callerId: caller.id,
      aws: fastify.aws(credentialId, environment.region),
      may: (action, name) => request.may(action, environment, credentialId, name),
      ...(idempotencyKey !== undefined && { idempotencyKey })
    }
  })
}, { name: 'scope', dependencies: ['authorization', 'credentials', 'environments'] })
