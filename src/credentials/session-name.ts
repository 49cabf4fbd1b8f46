import { createHash } from 'node:crypto'

/** The session name for requests that the gateway makes on its own behalf. */
export const gatewayName = 'secrets-gateway'

/** The length limits and the disallowed characters of AWS's `RoleSessionName` and `SourceIdentity`. */
const minimumLength = 2
const maximumLength = 64
const disallowed = /[^A-Za-z0-9_+=,.@-]/g

/** The number of hexadecimal digits of the hash that makes a shortened or changed name unique. */
const digits = 24

/**
 * Returns the name of a caller's role sessions (`RoleSessionName` and `SourceIdentity`), which CloudTrail shows. It is the caller
 * ID if AWS accepts that; otherwise an abbreviated form of the ID and a hash. It never equals the gateway's own name.
 */
export function sessionNameOf (callerId: string): string {
  const name = callerId.replace(disallowed, '-')
  if (name === callerId && name.length >= minimumLength && name.length <= maximumLength && name !== gatewayName) return name
  const hash = createHash('sha256').update(callerId).digest('hex').slice(0, digits)
  return `${name.slice(0, maximumLength - digits - 1)}-${hash}`
}
