import { elementsOf, textsOf } from './elements.ts'
import { PolicyError } from './policy-error.ts'

/** The sender of a request, as far as it matters to a policy's `Principal`. */
export interface Requester {
  arn: string
  /** Twelve digits. */
  accountId: string
  /** Set for the session of a role. A policy that names the role applies to its sessions, too. */
  session?: { roleArn: string } | undefined
}

/** A statement's `Principal` or `NotPrincipal`. */
export interface PrincipalElement {
  negated: boolean
  everyone: boolean
  /** The IDs of accounts that are named as a whole. */
  accounts: ReadonlySet<string>
  /** The ARNs of users, roles, sessions and identity providers. */
  arns: ReadonlySet<string>
}

/**
 * The way in which a statement applies to a requester: by name (or to everyone), or only to its account as a whole. In the latter
 * case, the account's own policies decide.
 */
export type PrincipalMatch = 'by-name' | 'by-account' | undefined

type Kind = (element: string, value: string) => Partial<Record<'account' | 'arn' | 'everyone', string>>

const account = /^(?:arn:aws:iam::(?<root>\d{12}):root|(?<bare>\d{12}))$/
const identity = /^arn:aws:(?:iam::\d{12}:(?:user|role)\/[^*?]+|sts::\d{12}:(?:assumed-role\/[^*?/]+|federated-user)\/[^*?/]+)$/
const service = /^[a-z0-9.-]+\.amazonaws\.com$/

/** The kinds of principals. Services never call this backend, so only the form of their names is checked. */
const kinds: Readonly<Record<string, Kind>> = {
  AWS (element, value) {
    if (value === '*') return { everyone: value }
    const { root, bare = root } = account.exec(value)?.groups ?? {}
    if (bare !== undefined) return { account: bare }
    if (!identity.test(value)) throw new PolicyError(element, `has an unsupported principal: ${value}`, 'principal')
    return { arn: value }
  },
  Service (element, value) {
    if (!service.test(value)) throw new PolicyError(element, `has an unsupported service principal: ${value}`, 'service-principal')
    return {}
  },
  // IAM's identity providers are matched by ARN. Of others, such as `accounts.google.com`, only the form is checked.
  Federated (element, value) {
    if (/[*?]/.test(value)) throw new PolicyError(element, `has an unsupported principal: ${value}`, 'principal')
    return { arn: value }
  }
}

/**
 * Parses a `Principal` or `NotPrincipal` element.
 *
 * @throws PolicyError
 */
export function readPrincipal (element: string, value: unknown, negated: boolean): PrincipalElement {
  const groups = value === '*' ? { AWS: '*' } : elementsOf(element, value, Object.keys(kinds))
  const found = Object.entries(groups).flatMap(([kind, values]) =>
    textsOf(`${element}.${kind}`, values).map((text) => kinds[kind]?.(`${element}.${kind}`, text) ?? {}))
  if (found.length === 0) throw new PolicyError(element, 'must name a principal')
  const all = (member: 'account' | 'arn') => new Set(found.flatMap((one) => one[member] ?? []))
  return { negated, everyone: found.some(({ everyone }) => everyone !== undefined), accounts: all('account'), arns: all('arn') }
}

/** Returns the way in which a statement's principal element applies to a requester; undefined if it doesn't. */
export function matchPrincipal (element: PrincipalElement, { arn, accountId, session }: Requester): PrincipalMatch {
  const isRoot = arn === `arn:aws:iam::${accountId}:root`
  const byAccount = element.accounts.has(accountId)
  const named = [arn, session?.roleArn ?? arn].some((one) => element.arns.has(one))
  const byName = element.everyone || named || (isRoot && byAccount)
  if (element.negated) return byName || byAccount ? undefined : 'by-name'
  if (byName) return 'by-name'
  return byAccount ? 'by-account' : undefined
}
