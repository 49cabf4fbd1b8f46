import { createHash } from 'node:crypto'

/** Under which name the gateway does what it does of its own accord. */
export const gatewayName = 'secrets-gateway'

/** The lengths and the characters of AWS's `RoleSessionName` and `SourceIdentity`. */
const shortest = 2
const longest = 64
const others = /[^A-Za-z0-9_+=,.@-]/g

/** Hexadecimal digits of the hash that tells apart what would otherwise be the same name. */
const digits = 24

/**
 * What a caller is called in AWS, and so in CloudTrail: `RoleSessionName` and `SourceIdentity` of the session of a role. It is
 * the caller's ID, where AWS takes that as it is; else as much of it as AWS takes, and a hash of the whole. No caller is called
 * what the gateway itself is.
 */
export function sessionNameOf (callerId: string): string {
  const name = callerId.replace(others, '-')
  if (name === callerId && name.length >= shortest && name.length <= longest && name !== gatewayName) return name
  const hash = createHash('sha256').update(callerId).digest('hex').slice(0, digits)
  return `${name.slice(0, longest - digits - 1)}-${hash}`
}
