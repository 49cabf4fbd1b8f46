import { deflateRawSync } from 'node:zlib'
import { parsePolicy } from '#src/local-backend/policies/parse'
import { PolicyError } from '#src/local-backend/policies/policy-error'
import { stsErrors } from './errors.ts'

/** Bytes that a packed policy may have. AWS does not tell how it packs, nor how much room there is. */
const room = 1024

/**
 * Checks the policy that a session is to be held to; throws MalformedPolicyDocument or PackedPolicyTooLarge.
 *
 * @returns how much of the room for it is used, in percent; nothing without a policy
 */
export function packedSize (policy: string | undefined): number | undefined {
  if (policy === undefined) return undefined
  try {
    parsePolicy(policy, 'identity')
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw stsErrors.malformedPolicy()
  }
  const percent = Math.ceil(deflateRawSync(policy).length / room * 100)
  if (percent > 100) throw stsErrors.policyTooLarge(percent)
  return percent
}
