import type { Condition } from './conditions.ts'
import type { Policy } from './policy.ts'

/** The condition keys, in lower case, that restrict access to certain callers, organizations or networks. */
const restrictingKeys = new Set([
  'aws:principalaccount', 'aws:principalarn', 'aws:principalorgid', 'aws:principalorgpaths', 'aws:sourceaccount', 'aws:sourcearn',
  'aws:sourceip', 'aws:sourceorgid', 'aws:sourceorgpaths', 'aws:sourceowner', 'aws:sourcevpc', 'aws:sourcevpce', 'aws:userid',
  'aws:username'
])

const restrictingOperators = new Set(['StringEquals', 'StringEqualsIgnoreCase', 'StringLike', 'ArnEquals', 'ArnLike', 'IpAddress'])

/** The shortest network prefixes, in bits, that don't count as public. AWS uses the same limits for S3 bucket policies. */
const shortestPrefix = { ipv4: 8, ipv6: 32 }

/**
 * Returns true if a resource policy grants public access. A policy grants it if a statement allows everyone, and has no condition
 * that restricts access to certain callers, organizations or networks. Statements that deny are ignored, because it is hard to
 * prove what remains allowed.
 */
export function isPublic ({ statements }: Policy): boolean {
  return statements.some(({ effect, principal, conditions }) =>
    effect === 'Allow' && principal?.everyone === true && !conditions.some(restricts))
}

/**
 * Returns true if a condition restricts access to certain callers, organizations or networks. Returns false if the values of the
 * condition contain wildcards, variables or public networks. Also returns false if a request without the condition key meets the
 * condition.
 */
function restricts ({ operator, set, ifExists, key, texts }: Condition): boolean {
  return restrictingKeys.has(key) && restrictingOperators.has(operator) && set !== 'ForAllValues' && !ifExists &&
    texts.every(operator === 'IpAddress' ? isNetwork : isFixed)
}

const isFixed = (text: string): boolean => !/[*?]|\$\{/.test(text)

function isNetwork (text: string): boolean {
  const [address = '', bits] = text.split('/')
  return bits === undefined || Number(bits) >= shortestPrefix[address.includes(':') ? 'ipv6' : 'ipv4']
}
