import type { FastifyRequest } from 'fastify'
import type { Limiter } from '#src/http/rate-limit'
import { isProblem } from '#src/problems/problem'
import type { Found } from '#src/request/found'
import type { Step } from '#src/request/step'

/** The caller of a request. If the request is signed, `awsClaim` has the signature that `verifySignature` will verify. */
type Authenticated = Pick<Found, 'caller'> & Partial<Pick<Found, 'awsClaim'>>

/**
 * Returns the caller that a request's token, client certificate or AWS session identifies.
 *
 * @throws Problem `unauthenticated`, `identity-provider-unavailable` or `overloaded`
 */
export type AuthenticateRequest = (request: FastifyRequest) => Authenticated | Promise<Authenticated>

/**
 * Authenticates the caller before the body is read. A failed authentication counts against the limit of the sender's address.
 *
 * @param limitFailures counts a failed authentication
 * @throws Problem `rate-limited` instead of `unauthenticated` after too many failures
 */
export const authenticate = (authenticateRequest: AuthenticateRequest, limitFailures: Limiter): Step => (request, reply) => {
  const refuse = (error: unknown): Promise<never> => {
    const limited = isProblem(error, 'unauthenticated') ? limitFailures(request, reply) : undefined
    if (limited === undefined) throw error
    return limited.then(() => { throw error })
  }
  try {
    const authenticated = authenticateRequest(request)
    return authenticated instanceof Promise ? authenticated.catch(refuse) : authenticated
  } catch (error) {
    return refuse(error)
  }
}
