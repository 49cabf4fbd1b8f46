import type { Step } from '#src/request/step'

/** Sets the headers that every reply has. */
export const setReplyHeaders: Step = (request, reply): undefined => {
  reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
}
