import { isDeepStrictEqual } from 'node:util'
import { isRole, roleAccount, type CredentialDefinition } from './definition.ts'

/** The part of an environment that determines its AWS account. */
interface Holder {
  /** The account that all its credentials must belong to. */
  readonly account?: string
  readonly allowedCredentials: readonly string[]
}

/**
 * Whether two environments are in the same AWS account. It is `unknown` if the configuration does not name the account of one of
 * them, and they have no credential in common.
 */
export type AccountRelation = 'same' | 'different' | 'unknown'

/** Compares the AWS accounts of two environments. One account that both can reach through a credential is enough for `same`. */
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

const roleAccountOf = (definition: CredentialDefinition | undefined): string | undefined =>
  definition !== undefined && isRole(definition) ? roleAccount(definition) : undefined

/** Returns true if two definitions differ at most in the region of STS: they then obtain the same keys. */
function haveSameKeys (one: CredentialDefinition | undefined, other: CredentialDefinition | undefined): boolean {
  if (one === undefined || other === undefined) return false
  return isDeepStrictEqual({ ...one, region: undefined }, { ...other, region: undefined })
}
