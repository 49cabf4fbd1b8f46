import fp from 'fastify-plugin'
import { actions, type Action } from '../src/authorization/actions.ts'
import { grantsAuthorizer } from '../src/authorization/grants.ts'
import type { Environment } from '../src/environments/environment.ts'

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

/** May they: each route declares its action, and the question is put to the one function that decides. */
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
  // After openapi: its routes are declared by a hook that would run after this one.
}, { name: 'authorization', dependencies: ['config', 'authentication', 'openapi'] })
