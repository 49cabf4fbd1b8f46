import type { FastifyRequest } from 'fastify'
import type { Caller } from '#src/authentication/caller'
import type { Limiter } from '#src/http/rate-limit'
import { isProblem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * Returns the caller that a request's token or client certificate identifies.
 *
 * @throws Problem `unauthenticated`, `identity-provider-unavailable` or `overloaded`
 */
export type AuthenticateRequest = (request: FastifyRequest) => Caller | Promise<Caller>

/**
 * Authenticates the caller before the body is read. A failed authentication counts against the limit of the sender's address.
 *
 * @param limitFailures counts a failed authentication
 * @throws Problem `rate-limited` instead of `unauthenticated` after too many failures
 */
export const authenticate = (callerOf: AuthenticateRequest, limitFailures: Limiter): Step => (request, reply) => {
  const refuse = (error: unknown): never => {
    if (isProblem(error, 'unauthenticated')) limitFailures(request, reply)
    throw error
  }
  try {
    const caller = callerOf(request)
    return caller instanceof Promise ? caller.then((caller) => ({ caller }), refuse) : { caller }
  } catch (error) {
    return refuse(error)
  }
}
