import type { Step } from '#src/request/step'

/** Answers `Expect: 100-continue`, so that the caller sends the body, now that the headers have been checked. */
export const inviteBody: Step = (request, reply): undefined => {
  if (request.headers.expect !== undefined) reply.raw.writeContinue()
}
