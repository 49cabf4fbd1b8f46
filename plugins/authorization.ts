import fp from 'fastify-plugin'
import { actionTable, isAction, type Action } from '#src/authorization/actions'
import { policyAuthorizer } from '#src/authorization/authorizer'
import { denied, type Authorize, type Decision } from '#src/authorization/decision'
import { seesEnvironment } from '#src/authorization/visibility'
import type { Environment } from '#src/environments/environment'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * What a request on the route does. `Public` may be done by anybody, also without a token; `Own` by every caller, since it is
     * about what that caller has made: for these two the policies are not asked.
     */
    action?: Action | 'Public' | 'Own'
  }
  interface FastifyInstance {
    /** The one function that decides, by the policies in force. */
    authorize: Authorize
  }
  interface FastifyRequest {
    /** Whether the request's caller may do this in an environment, through a credential, to a secret; and who says so. */
    decide: (action: Action, environment: Environment, credentialId: string, name?: string) => Decision
    /** The same, as yes or no. */
    may: (action: Action, environment: Environment, credentialId: string, name?: string) => boolean
    /** Whether the request's caller may see that there is such an environment. */
    sees: (environment: Environment) => Decision
    /** The decision on what the request itself is for; there is none on a route of no environment. */
    decision?: Decision
  }
}

/** May they: each route declares its action, and the question is put to the one function that decides. */
export default fp(async (fastify) => {
  const authorize = fastify.config.derive(({ policies }) => policyAuthorizer(policies, ({ policies: ids, message }) => {
    fastify.log.error({ policies: ids, failure: message }, 'an evaluation of the policies failed, and the answer is no')
  }))

  fastify.addHook('onRoute', ({ method, url, config: { action } = {} }) => {
    if (!(action === 'Public' || action === 'Own' || isAction(action))) {
      throw new TypeError(`The route ${String(method)} ${url} declares no action`)
    }
    const on = url.includes('/:name') ? 'Secret' : 'Environment'
    if (url.includes('/:env') && !(isAction(action) && actionTable[action].on.includes(on))) {
      throw new TypeError(`The route ${String(method)} ${url} declares ${action}, which can't be done to what it is about`)
    }
  })

  fastify.decorate('authorize', (question) => authorize()(question))

  fastify.decorateRequest('decide', function (action, environment, credentialId, name) {
    const { caller } = this
    if (caller === undefined) return denied
    return authorize()({ caller, action, credentialId, environment: environment.name, ...(name !== undefined && { name }) })
  })
  fastify.decorateRequest('may', function (...question) { return this.decide(...question).allowed })
  fastify.decorateRequest('sees', function (environment) {
    return this.caller === undefined ? denied : seesEnvironment(authorize(), this.caller, environment)
  })
  fastify.decorateRequest('decision')
  // After openapi: its routes are declared by a hook that would run after this one.
}, { name: 'authorization', dependencies: ['config', 'authentication', 'openapi'] })
