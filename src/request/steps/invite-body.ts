import type { Step } from '#src/request/step'

/**
 * Replies `100 Continue` to a caller that waits for this reply before sending the body. By now everything has been checked that
 * can be checked without the body.
 */
export const inviteBody: Step = (request, reply): undefined => {
  if (request.headers.expect !== undefined) reply.raw.writeContinue()
}
