/** The condition keys, in lower case, that restrict a statement to certain callers, organizations or networks. */
const restrictingKeys: ReadonlySet<string> = new Set([
  'aws:principalaccount', 'aws:principalarn', 'aws:principalorgid', 'aws:principalorgpaths', 'aws:sourceaccount', 'aws:sourcearn',
  'aws:sourceip', 'aws:sourceorgid', 'aws:sourceorgpaths', 'aws:sourceowner', 'aws:sourcevpc', 'aws:sourcevpce', 'aws:userid'
])

/** Operators that hold only if the key is present and has one of the values. */
const restrictingOperators = /^(?:ForAnyValue:)?(?:StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|IpAddress)$/i

const listOf = (value: unknown): readonly unknown[] => Array.isArray(value) ? value : value === undefined ? [] : [value]

const entriesOf = (value: unknown): [string, unknown][] => typeof value === 'object' && value !== null ? Object.entries(value) : []

/**
 * Returns true if a resource policy grants public access: a statement allows all principals, and no condition restricts it to
 * fixed callers, organizations or networks. Statements that deny are ignored, because it is hard to prove what remains allowed.
 * So a policy that is not public may be reported as public, but never the reverse.
 *
 * @param policy the policy as JSON
 * @returns undefined if the text is not a policy
 */
export function isPublic (policy: string): boolean | undefined {
  try {
    const statements = new Map(entriesOf(JSON.parse(policy))).get('Statement')
    if (statements === undefined) return undefined
    return listOf(statements).some((statement) => opens(Object.fromEntries(entriesOf(statement))))
  } catch {
    return undefined
  }
}

function opens ({ Effect, Principal, NotPrincipal, Condition }: Readonly<Record<string, unknown>>): boolean {
  const isForAll = NotPrincipal !== undefined || [Principal, ...entriesOf(Principal).flatMap(([, names]) => listOf(names))].includes('*')
  return Effect === 'Allow' && isForAll && !entriesOf(Condition).some(([operator, tests]) => restrictingOperators.test(operator) &&
    entriesOf(tests).some(([key, values]) => restrictingKeys.has(key.toLowerCase()) && listOf(values).every(isFixed)))
}

/** Returns true for a value that has no wildcard or variable, and is not a network that covers most of the internet. */
const isFixed = (value: unknown): boolean =>
  typeof value === 'string' && !/[*?]|\$\{/.test(value) && !/^(?:0\.|::|[\d.]+\/[0-7]$|[\da-f:]+\/(?:[12]?\d|3[01])$)/i.test(value)
