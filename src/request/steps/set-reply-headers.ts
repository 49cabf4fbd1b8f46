import type { Step } from '#src/request/step'

/** Sets the headers of every reply. Replies that need a token must not be cached anywhere. */
export const setReplyHeaders: Step = (request, reply): undefined => {
  reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
  const { action } = request.routeOptions.config
  if (action !== undefined && action !== 'Public') reply.header('cache-control', 'no-store')
}
