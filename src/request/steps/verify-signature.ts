import type { Claim } from '#src/aws-protocol/signature'
import type { Caller } from '#src/authentication/caller'
import type { Limiter } from '#src/http/rate-limit'
import type { Step } from '#src/request/step'

/** Verifies a signature. @throws Problem `unauthenticated` */
export type VerifySigned = (claim: Claim<Caller>, body: Uint8Array) => void

/**
 * Verifies the signature of a request before its body is used. Like any failed authentication, an invalid signature counts
 * against the limit of the client's address.
 *
 * @throws Problem `unauthenticated`, or `rate-limited` after too many failures
 */
export const verifySignature = (verify: VerifySigned, limitFailures: Limiter): Step => (request, reply) => {
  const { found: { awsClaim }, body } = request
  if (awsClaim === undefined) return undefined
  try {
    verify(awsClaim, bytesOf(body))
    return undefined
  } catch (error) {
    const limited = limitFailures(request, reply)
    if (limited === undefined) throw error
    return limited.then(() => { throw error })
  }
}

/** Returns the bytes of a body; an empty array if there is no body. */
export const bytesOf = (body: unknown): Uint8Array => body instanceof Uint8Array ? body : Buffer.alloc(0)
