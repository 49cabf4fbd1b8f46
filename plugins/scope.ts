import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Caller } from '#src/authentication/caller'
import { isAction, type Action } from '#src/authorization/actions'
import { denied } from '#src/authorization/decision'
import type { Environment } from '#src/environments/environment'
import { Problem } from '#src/problems/problem'
import type { Scope } from '#src/secrets/scope'

declare module 'fastify' {
  interface FastifyRequest {
    /** What the use cases work in; in the handler of every route of an environment. */
    scope: Scope
    /**
     * What the use cases work in, in an environment that the path does not name: through that environment's own credential.
     *
     * @throws Problem `not-found` for one that the caller may not see, `forbidden` where one of the actions is denied there
     */
    scopeIn: (environmentName: string, ...actions: readonly Action[]) => Scope
  }
}

/** The decision on what the route declares; and, for a request that is allowed, what the use cases need. */
export default fp(async (fastify) => {
  const reach = (request: FastifyRequest, caller: Caller, environment: Environment, credentialId: string): Omit<Scope, 'may'> => ({
    environment,
    credentialId,
    callerId: caller.id,
    aws: fastify.aws,
    onResponse: (awsRequestId) => { request.audited?.awsRequestIds.push(awsRequestId) }
  })

  fastify.decorateRequest('scope')

  fastify.addHook('preHandler', async (request) => {
    const { caller, environment, credentialId, secretName } = request
    const { action } = request.routeOptions.config
    if (caller === undefined || environment === undefined || !isAction(action)) return
    // That the environment may be seen has been decided.
    if (credentialId === undefined) request.decision = denied
    else if (action !== 'DescribeEnvironment') request.decision = request.decide(action, environment, credentialId, secretName)
    // One answer for a credential that does not exist, that the environment does not allow, and that the caller may not use.
    if (credentialId === undefined || !request.decision?.allowed) throw new Problem('forbidden')
    const { 'idempotency-key': idempotencyKey } = request.headers as { 'idempotency-key'?: string }
    request.scope = {
      ...reach(request, caller, environment, credentialId),
      may: (action, name) => request.may(action, environment, credentialId, name),
      ...(idempotencyKey !== undefined && { idempotencyKey })
    }
  })

  fastify.decorateRequest('scopeIn', function (environmentName, ...actions) {
    const { caller, audited } = this
    const environment = fastify.config.current.environments.get(environmentName)
    if (caller === undefined || environment === undefined || !this.sees(environment).allowed) throw new Problem('not-found')
    const may = (action: Action, name?: string): boolean => {
      const { allowed, policies } = this.decide(action, environment, environment.credential, name)
      audited?.decisions.push({ environment: environmentName, action, allowed, policies, ...name !== undefined && { name } })
      return allowed
    }
    if (!actions.every((action) => may(action))) throw new Problem('forbidden')
    return { ...reach(this, caller, environment, environment.credential), may }
  })
}, { name: 'scope', dependencies: ['authorization', 'credentials', 'environments'] })
