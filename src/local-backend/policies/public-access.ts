import type { Condition } from './conditions.ts'
import type { Policy } from './policy.ts'

/** The condition keys, in lower case, that tell one caller, organization or network from another. */
const narrowingKeys = new Set([
  'aws:principalaccount', 'aws:principalarn', 'aws:principalorgid', 'aws:principalorgpaths', 'aws:sourceaccount', 'aws:sourcearn',
  'aws:sourceip', 'aws:sourceorgid', 'aws:sourceorgpaths', 'aws:sourceowner', 'aws:sourcevpc', 'aws:sourcevpce', 'aws:userid',
  'aws:username'
])

const narrowingOperators = new Set(['StringEquals', 'StringEqualsIgnoreCase', 'StringLike', 'ArnEquals', 'ArnLike', 'IpAddress'])

/** The widest networks that are not the public, as AWS draws the line for S3: /8, and for IPv6 /32. */
const widest = { ipv4: 8, ipv6: 32 }

/**
 * Whether a resource's policy lets anybody in: a statement that allows everyone, and has no condition that holds the caller to
 * fixed values. What other statements deny is not counted: they can only be relied on by who can prove what is left.
 */
export function isPublic ({ statements }: Policy): boolean {
  return statements.some(({ effect, principal, conditions }) =>
    effect === 'Allow' && principal?.everyone === true && !conditions.some(narrows))
}

/** A condition that also holds for a request without the key narrows nothing. */
function narrows ({ operator, set, ifExists, key, texts }: Condition): boolean {
  return narrowingKeys.has(key) && narrowingOperators.has(operator) && set !== 'ForAllValues' && !ifExists &&
    texts.every(operator === 'IpAddress' ? isNetwork : isFixed)
}

const isFixed = (text: string): boolean => !/[*?]|\$\{/.test(text)

function isNetwork (text: string): boolean {
  const [address = '', bits] = text.split('/')
  return bits === undefined || Number(bits) >= widest[address.includes(':') ? 'ipv6' : 'ipv4']
}
