import { isAction } from '#src/authorization/actions'
import { denied, type Authorize } from '#src/authorization/decision'
import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Asks the policies whether the caller may perform the route's action on the environment or the secret in the path. */
export const decideInEnvironment: Step = (request) => {
  const { environment, found: { visibility, credentialId, secretName }, routeOptions: { config: { action } } } = request
  if (credentialId === undefined || visibility === undefined || !isAction(action)) return { decision: denied }
  // Seeing an environment is the permission to describe it, through any of its credentials.
  if (action === 'DescribeEnvironment') return { decision: visibility }
  return { decision: request.decide(action, environment, credentialId, secretName) }
}

/** Asks the policies whether the caller may perform the route's action on the credential in the path. */
export const decideOnCredential = (authorize: Authorize): Step => (request) => {
  const { caller, found: { credentialId }, routeOptions: { config: { action } } } = request
  return { decision: credentialId !== undefined && isAction(action) ? authorize({ caller, action, credentialId }) : denied }
}

/**
 * Enforces the decision. The answer is the same whether a credential does not exist, the environment does not allow it, or the
 * caller may not use it.
 */
export const enforce: Step = ({ found: { decision } }): undefined => {
  if (decision?.allowed !== true) throw new Problem('forbidden')
}
