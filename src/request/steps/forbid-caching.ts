import type { Step } from '#src/request/step'

/** Forbids every cache to store the reply, since only its caller may see it. */
export const forbidCaching: Step = (_request, reply): undefined => {
  reply.header('cache-control', 'no-store')
}
