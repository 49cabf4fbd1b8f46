import type { Step } from '#src/request/step'

/** Tells a caller that waits for permission (`Expect: 100-continue`) to send the body, now that the request's headers have passed. */
export const inviteBody: Step = (request, reply): undefined => {
  if (request.headers.expect !== undefined) reply.raw.writeContinue()
}
