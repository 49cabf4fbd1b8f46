import type { FastifyRequest } from 'fastify'
import type { Caller, Proof } from '#src/authentication/caller'
import { denied } from '#src/authorization/decision'
import { seesEnvironment } from '#src/authorization/visibility'
import { compact } from '#src/json/compact'
import type { Scope } from '#src/secrets/scope'
import { openScope, type Requester, type ScopeContext } from './scopes.ts'

/** The decisions for work that may continue for hours. */
interface LongRunningDecisions extends Pick<Requester, 'decide' | 'sees'> {
  /** Returns the caller according to the current configuration, or undefined if the caller is no longer configured. */
  readonly current: () => Caller | undefined
}

/**
 * Returns the decisions for work that may continue for hours, such as a bulk create. Each decision uses the current
 * configuration. If a reload has removed the caller from a group, the next decision is made without that group. If a reload has
 * removed the caller or the environment, or has disallowed the credential in the environment, everything is denied.
 */
export function longRunningDecisions (
  { authorize, recognize, environments }: Pick<ScopeContext, 'authorize' | 'recognize' | 'environments'>, proof: Proof
): LongRunningDecisions {
  function current (): Caller | undefined {
    try {
      return recognize(proof)
    } catch {
      return undefined
    }
  }

  return {
    current,
    decide (action, { name: environment }, credentialId, name) {
      const caller = current()
      const isAllowed = environments().get(environment)?.allowedCredentials.includes(credentialId) ?? false
      return caller === undefined || !isAllowed ? denied : authorize(compact({ caller, action, credentialId, environment, name }))
    },
    sees: (environment, caller = current()) => caller === undefined ? denied : seesEnvironment(authorize, caller, environment)
  }
}

/** Returns the scope of a request for work that may continue for hours. */
export function longRunningScope (context: ScopeContext, request: FastifyRequest, proof: Proof): Scope {
  const { scope, environment, credentialId, evidence, caller, found } = request
  const requester: Requester = { evidence, caller, found, ...longRunningDecisions(context, proof) }
  const { may, mayFound, counterparts } = openScope(requester, environment, credentialId, context)
  return { ...scope, may, mayFound, counterparts }
}
