import fp from 'fastify-plugin'
import { policyAuthorizer } from '#src/authorization/authorizer'
import { denied, type Authorize } from '#src/authorization/decision'
import { seesEnvironment } from '#src/authorization/visibility'
import { compact } from '#src/json/compact'

declare module 'fastify' {
  interface FastifyInstance {
    /** Decides by the policies in force. All decisions of the gateway are made by this function. */
    authorize: Authorize
  }
}

/** Decides by policy, and keeps the policies in step with the configuration. plugins/request.ts enforces the decisions. */
export default fp(async (fastify) => {
  const authorizer = fastify.config.derive(({ policies }) => policyAuthorizer(policies, ({ policies: ids, message }) => {
    fastify.log.error({ policies: ids, failure: message }, 'an evaluation of the policies failed, and the answer is no')
  }))
  const authorize: Authorize = (question) => authorizer()(question)
  fastify.decorate('authorize', authorize)

  fastify.decorateRequest('decide', function (action, environment, credentialId, name) {
    const { caller } = this.found
    if (caller === undefined) return denied
    return authorize({ caller, action, credentialId, environment: environment.name, ...compact({ name }) })
  })
  fastify.decorateRequest('sees', function (environment) {
    const { caller } = this.found
    return caller === undefined ? denied : seesEnvironment(authorize, caller, environment)
  })
}, { name: 'authorization', dependencies: ['config'] })
