import type { FastifyRequest } from 'fastify'
import { invalidRequest } from '#src/problems/problem'

/** Matches origins without characters that are special in a shell or a template, which URLs permit in hosts. */
const plainOrigin = /^https?:\/\/[A-Za-z0-9.:[\]-]+$/

/**
 * Returns the origin under which the client addresses the gateway: the scheme, the host and the port.
 *
 * @throws Problem `invalid-request` if the `Host` header is not a host
 */
export function originOf ({ protocol, host }: Pick<FastifyRequest, 'protocol' | 'host'>): string {
  const origin = URL.parse(`${protocol}://${host}`)?.origin ?? ''
  if (!plainOrigin.test(origin)) throw invalidRequest({ in: 'header', pointer: '/host', message: 'must be a host' })
  return origin
}
