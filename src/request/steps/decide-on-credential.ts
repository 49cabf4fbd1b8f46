import { isAction } from '#src/authorization/actions'
import { denied, type Authorize } from '#src/authorization/decision'
import type { Step } from '#src/request/step'

/** Decides whether the policies allow the caller to perform the route's action on the AWS credential in the path. */
export const decideOnCredential = (authorize: Authorize): Step => (request) => {
  const { caller, found: { credentialId }, route: { config: { action } } } = request
  return { decision: credentialId !== undefined && isAction(action) ? authorize({ caller, action, credentialId }) : denied }
}
