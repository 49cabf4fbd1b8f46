import type { Step } from '#src/request/step'

/**
 * Replies `100 Continue` to a caller that waits for this reply before sending the body. All checks that don't need the body run
 * before this step.
 */
export const sendContinue: Step = (request, reply): undefined => {
  if (request.headers.expect !== undefined) reply.raw.writeContinue()
}
