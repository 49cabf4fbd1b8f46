import { isAction } from '#src/authorization/actions'
import { denied } from '#src/authorization/decision'
import type { Step } from '#src/request/step'

/** Asks the policies whether the caller may perform the route's action on the environment or the secret in the path. */
export const decideInEnvironment: Step = (request) => {
  const { environment, found: { visibility, credentialId, secretName }, routeOptions: { config: { action } } } = request
  if (credentialId === undefined || visibility === undefined || !isAction(action)) return { decision: denied }
  // Seeing an environment is the permission to describe it, through any of its credentials.
  if (action === 'DescribeEnvironment') return { decision: visibility }
  return { decision: request.decide(action, environment, credentialId, secretName) }
}
