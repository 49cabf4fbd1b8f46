import { deflateRawSync } from 'node:zlib'
import { parsePolicy } from '#src/local-backend/policies/parse'
import { PolicyError } from '#src/local-backend/policies/policy-error'
import { stsErrors } from './errors.ts'

/**
 * The maximum size of a packed policy, in bytes. AWS documents neither the limit nor the packing algorithm, so this is an
 * approximation.
 */
const maxPackedSize = 1024

/**
 * Checks a session policy.
 *
 * @returns the packed size as a percentage of the maximum; undefined without a policy
 * @throws StsError `MalformedPolicyDocument` or `PackedPolicyTooLarge`
 */
export function packedSize (policy: string | undefined): number | undefined {
  if (policy === undefined) return undefined
  try {
    parsePolicy(policy, 'identity')
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error
    throw stsErrors.malformedPolicy()
  }
  const percent = Math.ceil(deflateRawSync(policy).length / maxPackedSize * 100)
  if (percent > 100) throw stsErrors.policyTooLarge(percent)
  return percent
}
