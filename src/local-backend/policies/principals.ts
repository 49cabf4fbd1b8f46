import { elementsOf, textsOf } from './elements.ts'
import { PolicyError } from './policy-error.ts'

/** The properties of a request's sender that a policy's `Principal` can match. */
export interface Requester {
  arn: string
  /** The twelve-digit ID of the account that the requester belongs to. */
  accountId: string
  /** Set if the requester is a role's session. A policy that names the role also applies to its sessions. */
  session?: { roleArn: string } | undefined
}

/** A statement's `Principal` or `NotPrincipal`. */
export interface PrincipalElement {
  negated: boolean
  everyone: boolean
  /** The IDs of the accounts that the element names, as opposed to users or roles in an account. */
  accounts: ReadonlySet<string>
  /** The ARNs of users, roles, sessions and identity providers. */
  arns: ReadonlySet<string>
}

/**
 * The way in which a statement applies to a requester:
 *
 * - `by-name` if `Principal` names the requester, its role or everyone. A statement with `NotPrincipal` applies `by-name` if
 *   `NotPrincipal` does not name the requester, its role, its account or everyone.
 * - `by-account` if `Principal` names only the requester's account. The requester's identity policies then decide.
 * - undefined if the statement doesn't apply.
 */
export type PrincipalMatch = 'by-name' | 'by-account' | undefined

type Kind = (element: string, value: string, partition: string) => Partial<Record<'account' | 'arn' | 'everyone', string>>

const account = /^(?:arn:(?<rootPartition>aws[a-z-]*):iam::(?<root>\d{12}):root|(?<bare>\d{12}))$/
const identity = /^arn:(aws[a-z-]*):(?:iam::\d{12}:(?:user|role)\/[^*?]+|sts::\d{12}:(?:assumed-role\/[^*?/]+|federated-user)\/[^*?/]+)$/
const service = /^[a-z0-9.-]+\.amazonaws\.com(?:\.cn)?$/

/**
 * The parsers for each kind of principal. AWS services never call this backend under their service principals. The names of
 * service principals are therefore only checked for their form, and not stored.
 */
const kinds: Readonly<Record<string, Kind>> = {
  AWS (element, value, partition) {
    if (value === '*') return { everyone: value }
    const { rootPartition = partition, root, bare = root } = account.exec(value)?.groups ?? {}
    if (bare !== undefined && rootPartition === partition) return { account: bare }
    if (identity.exec(value)?.[1] !== partition) throw new PolicyError(element, `has an unsupported principal: ${value}`, 'principal')
    return { arn: value }
  },
  Service (element, value) {
    if (!service.test(value)) throw new PolicyError(element, `has an unsupported service principal: ${value}`, 'service-principal')
    return {}
  },
  // Identity providers in IAM are matched by ARN. For other providers, such as `accounts.google.com`, only the form is checked.
  Federated (element, value) {
    if (/[*?]/.test(value)) throw new PolicyError(element, `has an unsupported principal: ${value}`, 'principal')
    return { arn: value }
  }
}

/**
 * Parses a `Principal` or `NotPrincipal` element.
 *
 * @throws PolicyError if the element is malformed, or names a principal that is unsupported or in another partition
 */
export function readPrincipal (
  element: string, value: unknown, { negated, partition }: { negated: boolean, partition: string }
): PrincipalElement {
  const groups = value === '*' ? { AWS: '*' } : elementsOf(element, value, Object.keys(kinds))
  const found = Object.entries(groups).flatMap(([kind, values]) =>
    textsOf(`${element}.${kind}`, values).map((text) => kinds[kind]?.(`${element}.${kind}`, text, partition) ?? {}))
  if (found.length === 0) throw new PolicyError(element, 'must name a principal')
  const all = (member: 'account' | 'arn') => new Set(found.flatMap((one) => one[member] ?? []))
  return { negated, everyone: found.some(({ everyone }) => everyone !== undefined), accounts: all('account'), arns: all('arn') }
}

/** Returns the way in which a statement with this element applies to a requester. */
export function matchPrincipal (element: PrincipalElement, { arn, accountId, session }: Requester): PrincipalMatch {
  const isRoot = arn.endsWith(`:iam::${accountId}:root`)
  const byAccount = element.accounts.has(accountId)
  const named = [arn, session?.roleArn ?? arn].some((one) => element.arns.has(one))
  const byName = element.everyone || named || (isRoot && byAccount)
  if (element.negated) return byName || byAccount ? undefined : 'by-name'
  if (byName) return 'by-name'
  return byAccount ? 'by-account' : undefined
}
