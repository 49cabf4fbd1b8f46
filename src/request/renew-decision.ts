import { isDeepStrictEqual } from 'node:util'
import type { FastifyRequest } from 'fastify'
import type { Caller } from '#src/authentication/caller'
import { isAction } from '#src/authorization/actions'
import { denied, type Authorize, type Decision } from '#src/authorization/decision'
import { seesEnvironment } from '#src/authorization/visibility'
import { unauthenticated } from '#src/authentication/refusal'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import type { AuthenticateRequest } from './steps/authenticate.ts'
import type { FindEnvironment } from './steps/see-environment.ts'

/** The dependencies of the checks. All of them use the current configuration. */
export interface RenewContext {
  readonly authenticate: AuthenticateRequest
  readonly authorize: Authorize
  readonly findEnvironment: FindEnvironment
}

/** The result of repeating the checks of a request. */
export interface Renewed {
  readonly caller: Caller
  /** False if a reload has changed the environment, so that a name may now stand for another secret. */
  readonly isSameEnvironment: boolean
}

/**
 * Repeats the authentication and authorization of a request that has waited. In the meantime, its token may have expired, and a
 * reload may have changed the policies, the callers and the environments. The audit record of the outcome shows the new decision.
 *
 * @throws Problem as for a new request
 */
export async function renewDecision (
  { authenticate, authorize, findEnvironment }: RenewContext, request: FastifyRequest
): Promise<Renewed> {
  const { environment: { name }, credentialId, found: { secretName }, route: { config: { action } } } = request
  const { caller } = await authenticate(request)
  if (caller.id !== request.caller.id) throw unauthenticated('another-caller')
  const environment = findEnvironment(name)
  const visibility = environment === undefined ? denied : seesEnvironment(authorize, caller, environment)
  if (environment === undefined || !visibility.allowed) {
    request.reportOutcome({ decision: visibility })
    throw new Problem('not-found')
  }
  const decide = (): Decision => {
    if (action === 'DescribeEnvironment') return visibility
    if (!isAction(action) || !environment.allowedCredentials.includes(credentialId)) return denied
    return authorize(compact({ caller, action, credentialId, environment: name, name: secretName }))
  }
  const decision = decide()
  request.reportOutcome({ decision })
  if (!decision.allowed) throw new Problem('forbidden')
  return { caller, isSameEnvironment: isDeepStrictEqual(environment, request.environment) }
}
