import fp from 'fastify-plugin'
import { policyAuthorizer } from '#src/authorization/authorizer'
import { denied, type Authorize } from '#src/authorization/decision'
import { seesEnvironment } from '#src/authorization/visibility'

declare module 'fastify' {
  interface FastifyInstance {
    /** Answers an authorization question with the current policies. The gateway makes all its authorization decisions here. */
    authorize: Authorize
  }
}

/** Evaluates the policies of the current configuration. The steps in plugins/request.ts enforce the decisions. */
export default fp(async (fastify) => {
  const authorizer = fastify.config.derive(({ policies }) => policyAuthorizer(policies, ({ policies: ids, message }) => {
    fastify.log.error({ policies: ids, failure: message }, 'the evaluation of the policies failed, and the request is denied')
  }))
  const authorize: Authorize = (question) => authorizer()(question)
  fastify.decorate('authorize', authorize)

  fastify.decorateRequest('decide', function (action, environment, credentialId, name) {
    const { caller } = this.found
    if (caller === undefined) return denied
    const question = { caller, action, credentialId, environment: environment.name }
    return authorize(name === undefined ? question : { ...question, name })
  })
  fastify.decorateRequest('sees', function (environment) {
    const { caller } = this.found
    return caller === undefined ? denied : seesEnvironment(authorize, caller, environment)
  })
}, { name: 'authorization', dependencies: ['config'] })
