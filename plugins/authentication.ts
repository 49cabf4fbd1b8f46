import fp from 'fastify-plugin'
import { apiKeyAuthenticator } from '../src/authentication/api-keys.ts'
import { bearerToken } from '../src/authentication/bearer.ts'
import type { Caller } from '../src/authentication/caller.ts'
import { Problem } from '../src/errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sends the request; there is none on a public route. */
    caller?: Caller
  }
}

/** Who: before the body is read. */
export default fp(async (fastify) => {
  const authenticate = fastify.config.derive(({ apiKeys }) => apiKeyAuthenticator(apiKeys))

  fastify.decorateRequest('caller')

  fastify.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.action === 'Public') return
    const token = bearerToken(request.headers.authorization)
    const caller = token === undefined ? undefined : authenticate()(token, Date.now())
    if (caller === undefined) throw new Problem('unauthenticated')
    request.caller = caller
  })
}, { name: 'authentication', dependencies: ['config', 'errors', 'request-headers'] })
