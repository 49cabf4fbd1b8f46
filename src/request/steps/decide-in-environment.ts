import { isAction } from '#src/authorization/actions'
import { denied } from '#src/authorization/decision'
import type { Step } from '#src/request/step'

/** Decides by the policies whether the caller may perform the route's action on the environment or the secret in the path. */
export const decideInEnvironment: Step = (request) => {
  const { environment, found: { visibility, credentialId, secretName }, route: { config: { action } } } = request
  if (credentialId === undefined || visibility === undefined || !isAction(action)) return { decision: denied }
  // A caller may describe an environment if it is allowed through any of its credentials, which is what visibility means.
  if (action === 'DescribeEnvironment') return { decision: visibility }
  return { decision: request.decide(action, environment, credentialId, secretName) }
}
