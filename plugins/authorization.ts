import fp from 'fastify-plugin'
import { actions, type Action } from '../src/authorization/actions.ts'
import { grantsAuthorizer } from '../src/authorization/grants.ts'
import type { Environment } from '../src/environments/environment.ts'
import { Problem } from '../src/errors.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a request on the route does; `Public` may be done by anybody, also without a token. */
    action?: Action | 'Public'
  }
  interface FastifyRequest {
    /** Whether the request's caller may do this in an environment, through a credential, to a secret. */
    may: (action: Action, environment: Environment, credentialId: string, name?: string) => boolean
  }
}

/**
 * May they: each route declares its action, and what is not allowed is denied. A denial looks like a path that does not exist
 * to whoever may not see the environment.
 */
export default fp(async (fastify) => {
  const authorize = fastify.config.derive(({ grants }) => grantsAuthorizer(grants))

  fastify.addHook('onRoute', ({ method, url, config: { action } = {} }) => {
    if (action === undefined || !(action === 'Public' || actions.has(action))) {
      throw new TypeError(`The route ${String(method)} ${url} declares no action`)
    }
  })

  fastify.decorateRequest('may', function (action, environment, credentialId, name) {
    return this.caller !== undefined && authorize()({
      caller: this.caller,
      action,
      environment: environment.name,
      credentialId,
      ...(name !== undefined && { name })
    })
  })

  fastify.addHook('preHandler', async (request) => {
    const { environment, credentialId, secretName } = request
    const { action } = request.routeOptions.config
    if (environment === undefined || action === undefined || action === 'Public') return
    if (credentialId !== undefined && request.may(action, environment, credentialId, secretName)) return
    throw new Problem(request.may('DescribeEnvironment', environment, environment.credential) ? 'forbidden' : 'not-found')
  })
  // After openapi: its routes are declared by a hook that would run after this one.
}, { name: 'authorization', dependencies: ['config', 'authentication', 'environments', 'credentials', 'openapi'] })
