import { isAction } from '#src/authorization/actions'
import { denied } from '#src/authorization/decision'
import type { Step } from '#src/request/step'

/**
 * Decides whether the policies allow the caller to perform the action on the environment or secret. The action is the route's or,
 * in AWS's protocol, the call's.
 */
export const decideInEnvironment: Step = (request) => {
  const { environment, found: { visibility, credentialId, secretName, awsCall }, route: { config } } = request
  const action = awsCall?.action ?? config.action
  if (credentialId === undefined || visibility === undefined || !isAction(action)) return { decision: denied }
  // A caller may describe an environment if the policies allow it with at least one of the environment's credentials. This has
  // already been decided: `visibility` is the decision.
  if (action === 'DescribeEnvironment') return { decision: visibility }
  return { decision: request.decide(action, environment, credentialId, secretName) }
}
