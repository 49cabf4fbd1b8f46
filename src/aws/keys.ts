import { LRUCache } from 'lru-cache'
import { startDeadline, type Deadline } from '#src/admission/deadline'
import { getOrCreate } from '#src/collections/get-or-create'
import { isRole, roleAccount, type CredentialDefinition } from '#src/credentials/definition'
import { refreshingCache, type RefreshingCache } from '#src/credentials/refreshing-cache'
import { gatewayName, sessionNameOf } from '#src/credentials/session-name'
import { Problem } from '#src/problems/problem'
import { keysProvider, type AwsKeys, type StsEndpoint } from './credentials.ts'
import { credentialProblemFrom, isDefect } from './exception-rules.ts'
import { identify, type Identity } from './identity.ts'
import { retriesUntil } from './retry.ts'

/** A request for keys: the credential, and the caller that uses it. */
export interface KeysFor {
  credentialId: string
  /** The ID of the caller. If absent, the keys are for the gateway itself. */
  callerId?: string | undefined
  /** The ID (twelve digits) of the AWS account that the keys must belong to. If absent, any account is accepted. */
  account?: string | undefined
}

/** Access to the keys of the declared credentials. Its promises reject with a `Problem`. */
export interface CredentialKeys {
  /**
   * Returns the keys of a credential. For a role, these are the keys of the caller's session.
   *
   * @throws Problem `credential-account-mismatch` if the keys do not belong to the required account
   */
  keys: (keysFor: KeysFor) => Promise<AwsKeys>
  /** Asks STS which identity a credential's keys belong to. */
  verify: (credentialId: string) => Promise<Identity>
  /**
   * Returns the ID of a credential's account, if known. A role's account is in its ARN. The account of any other credential is
   * known once STS has reported it.
   */
  accountOf: (credentialId: string) => string | undefined
  /**
   * Discards keys that AWS refused, so that the next call of `keys` fetches new ones. Keys that were fetched less than 5 seconds
   * ago are not discarded.
   */
  refuse: (keysFor: KeysFor) => void
}

export interface KeysOptions {
  credentials: ReadonlyMap<string, CredentialDefinition>
  /** Returns the STS endpoint that a credential uses. Requests to it end when the signal is aborted. */
  sts: (credentialId: string, signal: AbortSignal) => StsEndpoint
  /** The time limit for getting the keys of a credential or for asking STS for an identity, in milliseconds. */
  deadline: number
  /** Returns the time in milliseconds since the epoch. */
  now: () => number
}

/** The maximum number of cached sessions. Each caller has one session per role. The least recently used session is evicted. */
const maximumSessions = 1000

/** Creates a cache of the keys of credentials and role sessions. Keys are cached until they expire. */
export function credentialKeys ({ credentials, sts, deadline: limit, now }: KeysOptions): CredentialKeys {
  const own = new Map<string, RefreshingCache<AwsKeys>>()
  const sessions = new LRUCache<string, RefreshingCache<AwsKeys>>({ max: maximumSessions })
  /** The account that STS last reported for each credential, by credential ID. */
  const accounts = new Map<string, string>()
  const identities = new LRUCache<string, RefreshingCache<Identity>>({ max: maximumSessions })

  const stsUntil = (credentialId: string, deadline: Deadline): StsEndpoint =>
    ({ ...sts(credentialId, deadline.signal), retryStrategy: retriesUntil(deadline) })

  function keptFor ({ credentialId, callerId }: KeysFor): RefreshingCache<AwsKeys> {
    const definition = credentials.get(credentialId)
    if (definition === undefined) throw new TypeError(`No credential ${credentialId} is declared`)
    const [all, key] = isRole(definition) ? [sessions, JSON.stringify([credentialId, callerId])] : [own, credentialId]
    return getOrCreate(all, key, () => {
      const get = async (deadline: Deadline): Promise<AwsKeys> => keysProvider(definition, {
        sts: stsUntil(credentialId, deadline),
        sessionName: callerId === undefined ? gatewayName : sessionNameOf(callerId),
        // When a role assumes another role, AWS keeps the `SourceIdentity` of the first role's session. For this reason, both
        // sessions must be for the same caller.
        keysOf: async (source) => keptFor({ credentialId: source, callerId }).current()
      })()
      return refreshingCache({
        get: async () => orProblem(credentialId, limit, get),
        endOf: ({ expiration }) => expiration,
        now
      })
    })
  }

  async function ask (credentialId: string, keys: AwsKeys): Promise<Identity> {
    const identity = await orProblem(credentialId, limit, async (deadline) => identify(keys, stsUntil(credentialId, deadline)))
    accounts.set(credentialId, identity.account)
    return identity
  }

  /** Returns the identity that the keys belong to. An access key's identity never changes, so STS is called only once per key. */
  async function identityOf (credentialId: string, keys: AwsKeys): Promise<Identity> {
    return getOrCreate(identities, keys.accessKeyId, () =>
      refreshingCache({ get: async () => ask(credentialId, keys), endOf: () => undefined, now })).current()
  }

  return {
    async keys (keysFor) {
      const { credentialId, account } = keysFor
      const keys = await keptFor(keysFor).current()
      if (account === undefined) return keys
      const { account: actual } = await identityOf(credentialId, keys)
      if (actual === account) return keys
      throw new Problem('credential-account-mismatch', { reason: `the credential ${credentialId} is of the account ${actual}, not of ${account}` })
    },
    verify: async (credentialId) => ask(credentialId, await keptFor({ credentialId }).current()),
    accountOf (credentialId) {
      const definition = credentials.get(credentialId)
      return definition !== undefined && isRole(definition) ? roleAccount(definition) : accounts.get(credentialId)
    },
    refuse (keysFor) {
      keptFor(keysFor).drop()
    }
  }
}

/**
 * Runs `work` for a limited time, and converts its exception into a problem that names the credential.
 *
 * @param work gets the deadline
 */
async function orProblem<Result> (
  credentialId: string, milliseconds: number, work: (deadline: Deadline) => Promise<Result>
): Promise<Result> {
  const deadline = startDeadline(milliseconds, undefined)
  const { signal } = deadline
  try {
    // Many callers may share this promise, so the promise must settle even if `work` waits forever, for example for another
    // process.
    return await Promise.race([work(deadline), new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => { reject(signal.reason as Error) })
    })])
  } catch (error) {
    if (error instanceof Problem || isDefect(error)) throw error
    throw error instanceof Error ? credentialProblemFrom(error, credentialId) : error
  } finally {
    deadline.end()
  }
}
