import { isDeepStrictEqual } from 'node:util'
import { isRole, roleAccount, type CredentialDefinition } from './definition.ts'

/** The members of an environment that determine its AWS account. */
interface Holder {
  /** The account that all credentials of the environment must belong to. */
  readonly account?: string
  readonly allowedCredentials: readonly string[]
}

/**
 * Says whether two environments are in the same AWS account. The relation is `unknown` if the environments have no credential in
 * common, and the configuration names the account of at most one environment.
 */
export type AccountRelation = 'same' | 'different' | 'unknown'

/**
 * Compares the AWS accounts of two environments. The credentials of an environment may belong to several accounts. The result is
 * `same` if both environments can reach one of these accounts.
 */
export function compareAccounts (
  credentials: ReadonlyMap<string, CredentialDefinition>, one: Holder, other: Holder
): AccountRelation {
  const accountOf = ({ account }: Holder, id: string): string | undefined => account ?? roleAccountOf(credentials.get(id))
  const relations = new Set(one.allowedCredentials.flatMap((id) => other.allowedCredentials.map((otherId): AccountRelation => {
    const [account, otherAccount] = [accountOf(one, id), accountOf(other, otherId)]
    if (account !== undefined && otherAccount !== undefined) return account === otherAccount ? 'same' : 'different'
    return id === otherId || haveSameKeys(credentials.get(id), credentials.get(otherId)) ? 'same' : 'unknown'
  })))
  return relations.has('same') ? 'same' : relations.has('unknown') ? 'unknown' : 'different'
}

/**
 * Returns an identifier of the AWS account of each credential. It is the account's ID if the configuration contains it: in the
 * ARN of a role, or as the account of an environment that allows the credential. Otherwise, it is the ID of the first credential
 * with the same keys. Credentials with the same identifier belong to the same account. Credentials with different identifiers may
 * also belong to the same account.
 */
export function accountNames (
  credentials: ReadonlyMap<string, CredentialDefinition>, environments: Iterable<Holder>
): ReadonlyMap<string, string> {
  const declared = new Map(Array.from(environments).flatMap(({ account, allowedCredentials }) =>
    account === undefined ? [] : allowedCredentials.map((id) => [id, account] as const)))
  return new Map(Array.from(credentials, ([id, definition]) => {
    const alike = Array.from(credentials).filter(([, other]) => haveSameKeys(definition, other))
    const accounts = alike.map(([otherId, other]) => roleAccountOf(other) ?? declared.get(otherId))
    return [id, accounts.find((account) => account !== undefined) ?? alike[0]?.[0] ?? id]
  }))
}

const roleAccountOf = (definition: CredentialDefinition | undefined): string | undefined =>
  definition !== undefined && isRole(definition) ? roleAccount(definition) : undefined

/** The members of a definition that only determine endpoints. They don't affect whose keys are obtained. */
const places = {
  region: undefined,
  endpoint: undefined,
  stsEndpoint: undefined,
  useFipsEndpoint: undefined,
  useDualstackEndpoint: undefined
}

/** Returns true if two definitions obtain the same keys. They may differ only in their endpoints. */
function haveSameKeys (one: CredentialDefinition | undefined, other: CredentialDefinition | undefined): boolean {
  if (one === undefined || other === undefined) return false
  return isDeepStrictEqual({ ...one, ...places }, { ...other, ...places })
}
