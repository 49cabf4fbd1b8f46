import type { Step } from '#src/request/step'

/** Forbids caches from storing the reply, because only the caller who sent the request is allowed to see it. */
export const forbidCaching: Step = (_request, reply): undefined => {
  reply.header('cache-control', 'no-store')
}
