import fp from 'fastify-plugin'
import type { Scope } from '../src/secrets/scope.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the use cases work in; in the handler of every route of an environment. */
    scope: Scope
  }
}

/** Puts together what the use cases need, after authorization. */
export default fp(async (fastify) => {
  fastify.decorateRequest('scope')

  fastify.addHook('preHandler', async (request) => {
    const { caller, environment, credentialId } = request
    if (caller === undefined || environment === undefined || credentialId === undefined) return
    const { 'idempotency-key': idempotencyKey } = request.headers as Record<string, string | undefined>
    request.scope = {
      environment,
      credentialId,
      callerId: caller.id,
      aws: fastify.aws(credentialId, environment.region),
      may: (action, name) => request.may(action, environment, credentialId, name),
      ...(idempotencyKey !== undefined && { idempotencyKey })
    }
  })
}, { name: 'scope', dependencies: ['authorization', 'credentials'] })
