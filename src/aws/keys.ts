import { LRUCache } from 'lru-cache'
import { getOrCreate } from '#src/collections/get-or-create'
import { isRole, roleAccount, type CredentialDefinition } from '#src/credentials/definition'
import { refreshingCache, type RefreshingCache } from '#src/credentials/refreshing-cache'
import { gatewayName, sessionNameOf } from '#src/credentials/session-name'
import { Problem } from '#src/problems/problem'
import { keysProvider, type AwsKeys, type StsPlace } from './credentials.ts'
import { credentialProblemFrom, isDefect } from './errors.ts'
import { identify, type Identity } from './identity.ts'

/** Whose keys are wanted. */
export interface KeysFor {
  credentialId: string
  /** The ID of the caller that they are used for; the gateway's own where absent. */
  callerId?: string | undefined
  /** The account that they must be of, in twelve digits; of any, where absent. */
  account?: string | undefined
}

/** The keys behind the IDs of credentials. What it gives rejects with a `Problem`. */
export interface CredentialKeys {
  /**
   * The keys of a credential; of a role, those of the caller's session. Where they must be of an account, STS has said that they
   * are: `credential-account-mismatch` otherwise.
   */
  keys: (wanted: KeysFor) => Promise<AwsKeys>
  /** Whose the keys of a credential are, as STS says now. */
  verify: (credentialId: string) => Promise<Identity>
  /** The account of a credential, as far as it is known: that of a role is in its ARN, another's is what STS said last. */
  accountOf: (credentialId: string) => string | undefined
  /** Tells that AWS did not accept the keys: the next call gets others, unless these are new. */
  refuse: (wanted: KeysFor) => void
}

export interface KeysOptions {
  credentials: ReadonlyMap<string, CredentialDefinition>
  /** Which STS a credential asks. */
  sts: (credentialId: string) => StsPlace
  /** The clock: milliseconds since the epoch. */
  now: () => number
}

/** Sessions that are kept at once, each of a caller and a role: for one more, the longest unused is forgotten. */
const mostSessions = 1000

/** Keeps the keys of credentials, and the sessions of roles until they end. */
export function credentialKeys ({ credentials, sts, now }: KeysOptions): CredentialKeys {
  const own = new Map<string, RefreshingCache<AwsKeys>>()
  const sessions = new LRUCache<string, RefreshingCache<AwsKeys>>({ max: mostSessions })
  /** The accounts of credentials, by ID, as STS has said. */
  const proved = new Map<string, string>()
  const identities = new LRUCache<string, RefreshingCache<Identity>>({ max: mostSessions })

  function keptFor ({ credentialId, callerId }: KeysFor): RefreshingCache<AwsKeys> {
    const definition = credentials.get(credentialId)
    if (definition === undefined) throw new TypeError(`No credential ${credentialId} is declared`)
    const [all, key] = isRole(definition) ? [sessions, JSON.stringify([credentialId, callerId])] : [own, credentialId]
    return getOrCreate(all, key, () => {
      const get = keysProvider(definition, {
        sts: sts(credentialId),
        sessionName: callerId === undefined ? gatewayName : sessionNameOf(callerId),
        // STS carries the caller's identity along a chain of roles, so the source's session must be the same caller's.
        keysOf: async (source) => keptFor({ credentialId: source, callerId }).current()
      })
      return refreshingCache({ get: async () => orProblem(credentialId, get), endOf: ({ expiration }) => expiration, now })
    })
  }

  async function ask (credentialId: string, keys: AwsKeys): Promise<Identity> {
    const identity = await orProblem(credentialId, async () => identify(keys, sts(credentialId)))
    proved.set(credentialId, identity.account)
    return identity
  }

  /** Keys never become another account's: it is enough to ask once. */
  async function identityOf (credentialId: string, keys: AwsKeys): Promise<Identity> {
    return getOrCreate(identities, keys.accessKeyId, () =>
      refreshingCache({ get: async () => ask(credentialId, keys), endOf: () => undefined, now })).current()
  }

  return {
    async keys (wanted) {
      const { credentialId, account } = wanted
      const keys = await keptFor(wanted).current()
      if (account === undefined) return keys
      const { account: proved } = await identityOf(credentialId, keys)
      if (proved === account) return keys
      throw new Problem('credential-account-mismatch', { reason: `the credential ${credentialId} is of the account ${proved}, not of ${account}` })
    },
    verify: async (credentialId) => ask(credentialId, await keptFor({ credentialId }).current()),
    accountOf (credentialId) {
      const definition = credentials.get(credentialId)
      return definition !== undefined && isRole(definition) ? roleAccount(definition) : proved.get(credentialId)
    },
    refuse (wanted) {
      keptFor(wanted).drop()
    }
  }
}

/** Does something, and fails with a problem that names the credential. */
async function orProblem<Result> (credentialId: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Problem || isDefect(error)) throw error
    throw error instanceof Error ? credentialProblemFrom(error, credentialId) : error
  }
}
