import type { FastifyRequest } from 'fastify'
import { invalidRequest } from '#src/problems/problem'

/** A URL may have hosts with characters that are special in a shell or a template. */
const plainOrigin = /^https?:\/\/[A-Za-z0-9.:[\]-]+$/

/**
 * Returns the scheme, the host and the port by which a client knows the gateway.
 *
 * @throws Problem `invalid-request` if the `Host` header is none
 */
export function originOf ({ protocol, host }: Pick<FastifyRequest, 'protocol' | 'host'>): string {
  const origin = URL.parse(`${protocol}://${host}`)?.origin ?? ''
  if (!plainOrigin.test(origin)) throw invalidRequest({ in: 'header', pointer: '/host', message: 'must be a host' })
  return origin
}
