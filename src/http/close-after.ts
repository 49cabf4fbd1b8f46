import type { Socket } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { withoutMessage } from '#src/problems/problem'

/**
 * Handles an unexpected error outside the request pipeline: logs it and closes the connection without a reply. Otherwise the
 * error would end the process, and all other requests with it.
 */
export function closeAfter (defect: unknown, socket: Socket, log: FastifyBaseLogger): void {
  log.error({ ...(defect instanceof Error && { thrown: withoutMessage(defect) }) }, 'connection failed')
  socket.destroy()
}
