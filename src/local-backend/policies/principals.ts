import { elementsOf, textsOf } from './elements.ts'
import { PolicyError } from './policy-error.ts'

/** Who makes a request, as far as a policy's `Principal` can tell. */
export interface Requester {
  arn: string
  /** Twelve digits. */
  accountId: string
  /** Of a role's session: who names the role means its sessions, too. */
  session?: { roleArn: string } | undefined
}

/** A statement's `Principal` or `NotPrincipal`. */
export interface PrincipalElement {
  negated: boolean
  everyone: boolean
  /** Accounts as a whole. */
  accounts: ReadonlySet<string>
  /** Users, roles, sessions and identity providers. */
  arns: ReadonlySet<string>
}

/**
 * How a statement means a requester: by name (or as everyone), or only through its account, which then decides by its own
 * policies whether the requester may.
 */
export type Meant = 'by-name' | 'by-account' | undefined

type Kind = (element: string, value: string) => Partial<Record<'account' | 'arn' | 'everyone', string>>

const account = /^(?:arn:aws:iam::(?<root>\d{12}):root|(?<bare>\d{12}))$/
const identity = /^arn:aws:(?:iam::\d{12}:(?:user|role)\/[^*?]+|sts::\d{12}:(?:assumed-role\/[^*?/]+|federated-user)\/[^*?/]+)$/
const service = /^[a-z0-9.-]+\.amazonaws\.com$/

/** The kinds of principals. A service never calls this backend: it is only held to its form. */
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
  // An identity provider of IAM by its ARN, which nobody else has; others, as `accounts.google.com`, are only held to their form.
  Federated (element, value) {
    if (/[*?]/.test(value)) throw new PolicyError(element, `has an unsupported principal: ${value}`, 'principal')
    return { arn: value }
  }
}

/** Reads `Principal` or `NotPrincipal`; throws PolicyError. */
export function readPrincipal (element: string, value: unknown, negated: boolean): PrincipalElement {
  const groups = value === '*' ? { AWS: '*' } : elementsOf(element, value, Object.keys(kinds))
  const found = Object.entries(groups).flatMap(([kind, values]) =>
    textsOf(`${element}.${kind}`, values).map((text) => kinds[kind]?.(`${element}.${kind}`, text) ?? {}))
  if (found.length === 0) throw new PolicyError(element, 'must name a principal')
  const all = (member: 'account' | 'arn') => new Set(found.flatMap((one) => one[member] ?? []))
  return { negated, everyone: found.some(({ everyone }) => everyone !== undefined), accounts: all('account'), arns: all('arn') }
}

/** How a statement's principal element means a requester. */
export function meant (element: PrincipalElement, { arn, accountId, session }: Requester): Meant {
  const isRoot = arn === `arn:aws:iam::${accountId}:root`
  const byAccount = element.accounts.has(accountId)
  const named = [arn, session?.roleArn ?? arn].some((one) => element.arns.has(one))
  const byName = element.everyone || named || (isRoot && byAccount)
  if (element.negated) return byName || byAccount ? undefined : 'by-name'
  if (byName) return 'by-name'
  return byAccount ? 'by-account' : undefined
}
