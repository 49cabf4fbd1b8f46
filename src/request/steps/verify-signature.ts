import type { Claim } from '#src/aws-protocol/signature'
import type { Caller } from '#src/authentication/caller'
import type { Limiter } from '#src/http/rate-limit'
import type { Step } from '#src/request/step'

/** Verifies a signature. @throws Problem `unauthenticated` */
export type VerifySigned = (claim: Claim<Caller>, body: Uint8Array) => void

/**
 * Verifies the signature of a request, before anything else is done with its body. A wrong one counts against the limit of the
 * sender's address, like any failed authentication.
 *
 * @throws Problem `unauthenticated`, or `rate-limited` after too many failures
 */
export const verifySignature = (verify: VerifySigned, limitFailures: Limiter): Step => (request, reply): undefined => {
  const { found: { awsClaim }, body } = request
  if (awsClaim === undefined) return
  try {
    verify(awsClaim, bytesOf(body))
  } catch (error) {
    limitFailures(request, reply)
    throw error
  }
}

/** Returns the bytes of a body. A request without a body has none. */
export const bytesOf = (body: unknown): Uint8Array => body instanceof Uint8Array ? body : Buffer.alloc(0)
