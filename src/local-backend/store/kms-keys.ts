import type { Scope } from '#src/local-backend/scope'

/** The state of a KMS key. Only an enabled key can encrypt and decrypt. */
export type KmsKeyState = 'Enabled' | 'Disabled' | 'PendingDeletion'

/** A customer managed KMS key. */
export interface KmsKey {
  /** The twelve-digit ID of the account that owns the key. */
  accountId: string
  /** The key's region. If omitted, the key exists in every region, like a multi-Region key with replicas everywhere. */
  region?: string
  /** A UUID, or `mrk-` followed by 32 hexadecimal digits. */
  keyId: string
  /** The aliases of the key, each starting with `alias/`. */
  aliases?: readonly string[]
  /** Defaults to `Enabled`. */
  state?: KmsKeyState
  /** The IDs of other accounts that are allowed to use the key. AWS has key policies instead of this list. */
  allowedAccounts?: readonly string[]
}

/**
 * The customer managed keys. The options of the backend declare the keys and their initial states. The database stores only the
 * key material of the keys that have been used.
 */
export interface KmsKeys {
  /** Finds the key with this ID or alias in an account and region. */
  find: (scope: Scope, name: string) => KmsKey | undefined
  /** Sets the state of a key. Throws if the key isn't declared. */
  setState: (accountId: string, keyId: string, state: KmsKeyState) => void
}

/** The format of KMS key IDs. */
export const kmsKeyId = /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/

const alias = /^alias\/(?!aws\/)[A-Za-z0-9/_-]{1,250}$/

/**
 * Validates the declared keys and returns an interface to them.
 *
 * @throws Error that names the key, if its account ID, key ID or alias is invalid, or if another key in the same account and
 * region has the same ID or alias
 */
export function kmsKeysOf (declared: readonly KmsKey[]): KmsKeys {
  const keys = declared.map((key) => ({ ...key }))
  for (const [index, key] of keys.entries()) check(key, keys.slice(0, index))
  return {
    find: ({ accountId, region }, name) => keys.find((key) =>
      key.accountId === accountId && (key.region ?? region) === region && namesOf(key).includes(name)),
    setState (accountId, keyId, state) {
      const matching = keys.filter((key) => key.accountId === accountId && key.keyId === keyId)
      if (matching.length === 0) throw new Error(`There is no KMS key ${keyId} in the account ${accountId}`)
      for (const key of matching) key.state = state
    }
  }
}

function check (key: KmsKey, others: readonly KmsKey[]): void {
  const what = `The KMS key ${key.keyId} of the account ${key.accountId}`
  if (!/^\d{12}$/.test(key.accountId)) throw new Error(`${what} must belong to an account of 12 digits`)
  if (!kmsKeyId.test(key.keyId)) throw new Error(`${what} must have a UUID as its ID, or mrk- and 32 hexadecimal digits`)
  const wrong = key.aliases?.find((name) => !alias.test(name))
  if (wrong !== undefined) throw new Error(`${what} has the alias ${wrong}: an alias must start with alias/, but not with alias/aws/`)
  for (const other of others) {
    const sameLocation = other.accountId === key.accountId && (other.region ?? key.region) === (key.region ?? other.region)
    const taken = sameLocation ? namesOf(key).find((name) => namesOf(other).includes(name)) : undefined
    if (taken !== undefined) throw new Error(`${what}: ${taken} exists already`)
  }
}

function namesOf ({ keyId, aliases = [] }: KmsKey): readonly string[] {
  return [keyId, ...aliases]
}
