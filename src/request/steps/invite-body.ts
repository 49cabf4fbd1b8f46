import type { Step } from '#src/request/step'

/** Answers `Expect: 100-continue`: the caller may send the body, now that the request's headers have passed. */
export const inviteBody: Step = (request, reply): undefined => {
  if (request.headers.expect !== undefined) reply.raw.writeContinue()
}
