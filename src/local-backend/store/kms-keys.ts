import type { Scope } from '#src/local-backend/scope'

/** The states of a KMS key; it can be used only while it is enabled. */
export type KmsKeyState = 'Enabled' | 'Disabled' | 'PendingDeletion'

/** A customer managed key of KMS. */
export interface KmsKey {
  /** The account that it belongs to: twelve digits. */
  accountId: string
  /** Where it is; without one it is in every region, as a multi-Region key is. */
  region?: string
  /** A UUID, or `mrk-` and 32 hexadecimal digits. */
  keyId: string
  /** Its other names, each `alias/…`. */
  aliases?: readonly string[]
  /** Enabled unless given. */
  state?: KmsKeyState
  /** The other accounts that may use it, as its key policy would have it. */
  allowedAccounts?: readonly string[]
}

/**
 * The customer managed keys that there are. They are declared anew at each start, and so are their states; what is kept in the
 * database is the material of those that were used.
 */
export interface KmsKeys {
  /** The key of a scope with an ID or an alias. */
  find: (scope: Scope, name: string) => KmsKey | undefined
  /** Puts a key in a state; throws if it isn't declared. */
  setState: (accountId: string, keyId: string, state: KmsKeyState) => void
}

/** The IDs that KMS gives. */
export const kmsKeyId = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/

const alias = /^alias\/(?!aws\/)[A-Za-z0-9/_-]{1,250}$/

/** Takes declared keys; throws, naming the key, if an ID or alias is none or is given twice in one place. */
export function kmsKeysOf (declared: readonly KmsKey[]): KmsKeys {
  const keys = declared.map((key) => ({ ...key }))
  for (const [index, key] of keys.entries()) check(key, keys.slice(0, index))
  return {
    find: ({ accountId, region }, name) => keys.find((key) =>
      key.accountId === accountId && (key.region ?? region) === region && namesOf(key).includes(name)),
    setState (accountId, keyId, state) {
      const meant = keys.filter((key) => key.accountId === accountId && key.keyId === keyId)
      if (meant.length === 0) throw new Error(`There is no KMS key ${keyId} in the account ${accountId}`)
      for (const key of meant) key.state = state
    }
  }
}

function check (key: KmsKey, others: readonly KmsKey[]): void {
  const what = `The KMS key ${key.keyId} of the account ${key.accountId}`
  if (!/^\d{12}$/.test(key.accountId)) throw new Error(`${what} must belong to an account of 12 digits`)
  if (!kmsKeyId.test(key.keyId)) throw new Error(`${what} must have a UUID for its ID, or mrk- and 32 hexadecimal digits`)
  const wrong = key.aliases?.find((name) => !alias.test(name))
  if (wrong !== undefined) throw new Error(`${what} has the alias ${wrong}: an alias begins with alias/, and not with alias/aws/`)
  for (const other of others) {
    const together = other.accountId === key.accountId && (other.region ?? key.region) === (key.region ?? other.region)
    const taken = together ? namesOf(key).find((name) => namesOf(other).includes(name)) : undefined
    if (taken !== undefined) throw new Error(`${what}: ${taken} is there already`)
  }
}

function namesOf ({ keyId, aliases = [] }: KmsKey): readonly string[] {
  return [keyId, ...aliases]
}
