import { isAction } from '#src/authorization/actions'
import { denied } from '#src/authorization/decision'
import type { Step } from '#src/request/step'

/** Decides whether the policies allow the caller to perform the route's action on the environment or secret in the path. */
export const decideInEnvironment: Step = (request) => {
  const { environment, found: { visibility, credentialId, secretName }, route: { config: { action } } } = request
  if (credentialId === undefined || visibility === undefined || !isAction(action)) return { decision: denied }
  // A caller may describe an environment if the policies allow it with at least one of the environment's credentials. This has
  // already been decided: `visibility` is the decision.
  if (action === 'DescribeEnvironment') return { decision: visibility }
  return { decision: request.decide(action, environment, credentialId, secretName) }
}
