import type { ServerResponse } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { Budget, Reservation } from '#src/admission/budget'
import { onceClosed } from '#src/http/once-closed'
import { addressGroup } from '#src/network/address-group'

/** Releases reserved memory when the reply has been sent, or its connection has been closed. */
export function releaseWhenClosed (reply: ServerResponse, { release }: Pick<Reservation, 'release'>): void {
  onceClosed(reply, release)
}

/** Returns the holder of the memory that a request uses: its caller or, on public routes, all clients with the same address. */
export const memoryOwner = ({ found: { caller, peer = '' } }: FastifyRequest): string => caller?.id ?? `address ${addressGroup(peer)}`

/**
 * Creates a function that reserves memory for a reply. The memory is released when the reply has been sent, or its connection has
 * been closed.
 */
export function reserveForReply ({ reserve }: Budget, callerId: string, reply: ServerResponse): (bytes: number) => Reservation {
  const held: Reservation[] = []
  releaseWhenClosed(reply, { release: () => { for (const { release } of held) release() } })
  return (bytes) => {
    const reservation = reserve(callerId, bytes)
    if (reply.destroyed) reservation.release()
    held.push(reservation)
    return reservation
  }
}
