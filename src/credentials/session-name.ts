import { createHash } from 'node:crypto'

/** The role session name for calls that the gateway makes on its own behalf. */
export const gatewayName = 'secrets-gateway'

/** The length limits and the disallowed characters of AWS's `RoleSessionName` and `SourceIdentity`. */
const minimumLength = 2
const maximumLength = 64
const disallowed = /[^A-Za-z0-9_+=,.@-]/g

/** The number of hexadecimal digits of the hash that makes a shortened or changed name unique. */
const digits = 24

/**
 * Returns the name of a caller's role sessions (`RoleSessionName` and `SourceIdentity`), which CloudTrail shows. The name is the
 * caller ID if AWS accepts it. Otherwise, disallowed characters of the ID are replaced by hyphens, the ID is shortened if
 * necessary, and a hash is appended. The name never equals the gateway's own session name.
 */
export function sessionNameOf (callerId: string): string {
  const name = callerId.replace(disallowed, '-')
  if (name === callerId && name.length >= minimumLength && name.length <= maximumLength && name !== gatewayName) return name
  const hash = createHash('sha256').update(callerId).digest('hex').slice(0, digits)
  return `${name.slice(0, maximumLength - digits - 1)}-${hash}`
}
