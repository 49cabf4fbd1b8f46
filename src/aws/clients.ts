import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { LRUCache } from 'lru-cache'
import { getOrCreate } from '#src/collections/get-or-create'
import { isRole, type CredentialDefinition } from '#src/credentials/definition'
import { trackAttempts } from './attempts.ts'
import { convertExceptions } from './exception-middleware.ts'
import { credentialKeys, type CredentialKeys, type KeysFor } from './keys.ts'
import { limitRate, type RateLimiters } from './rate-limiter.ts'
import { captureRequestIds } from './request-ids.ts'

/** Timeouts for connecting and for the whole request, in milliseconds. */
const timeouts = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true } as const

/**
 * The maximum number of cached clients. A role needs one for each caller. Clients are small, and those for the same credential
 * and region share their connections.
 */
const maximumClients = 1000

/** The SDK clients for one configuration. */
export interface Clients extends Pick<CredentialKeys, 'verify' | 'accountOf'> {
  /** Returns the client for a credential and region. For a role, each caller has a separate client. */
  client: (keysFor: KeysFor, region: string) => SecretsManager
  /** Closes all connections. Calls in flight fail. */
  close: () => void
}

export interface ClientsOptions {
  credentials: ReadonlyMap<string, CredentialDefinition>
  /** Returns the region of the STS endpoint that a credential uses. */
  stsRegion: (credentialId: string) => string
  /** Custom endpoint URLs of Secrets Manager and STS. */
  endpoint?: string | undefined
  stsEndpoint?: string | undefined
  /** Rate limiters that keep the calls within AWS's quotas. They do not apply to the embedded backend's credentials. */
  rateLimiters?: RateLimiters
  /** Returns the time in milliseconds since the epoch. */
  now: () => number
}

/** Creates a cache of SDK clients, their connections and their keys. A failed call rejects with a `Problem`. */
export function awsClients ({ credentials, stsRegion, endpoint, stsEndpoint, rateLimiters, now }: ClientsOptions): Clients {
  const clients = new LRUCache<string, SecretsManager>({ max: maximumClients })
  const handlers = new Map<string, NodeHttpHandler>()
  const { keys, refuse, verify, accountOf } = credentialKeys({
    credentials,
    now,
    sts: (credentialId) => ({
      region: stsRegion(credentialId),
      requestHandler: handlerOf('sts'),
      ...(stsEndpoint !== undefined && { endpoint: stsEndpoint })
    })
  })

  function handlerOf (use: string): NodeHttpHandler {
    return getOrCreate(handlers, use, () => new NodeHttpHandler(timeouts))
  }

  function open (keysFor: KeysFor, region: string): SecretsManager {
    const { credentialId } = keysFor
    const client = new SecretsManager({
      region,
      // `memoized` tells the SDK not to cache the keys itself. The SDK's cache uses a different clock, and keeps keys that AWS
      // has refused.
      credentials: Object.assign(async () => keys(keysFor), { memoized: true }),
      requestHandler: handlerOf(`${credentialId} ${region}`),
      ...(endpoint !== undefined && { endpoint })
    })
    const isEmbedded = credentials.get(credentialId)?.kind === 'embedded'
    if (rateLimiters !== undefined && !isEmbedded) limitRate(client, rateLimiters(credentialId, region))
    captureRequestIds(client)
    trackAttempts(client)
    convertExceptions(client, () => { refuse(keysFor) })
    return client
  }

  return {
    verify,
    accountOf,
    client (keysFor, region) {
      const { credentialId, callerId, account } = keysFor
      const definition = credentials.get(credentialId)
      if (definition === undefined) throw new TypeError(`No credential ${credentialId} is declared`)
      const key = JSON.stringify([credentialId, region, account, isRole(definition) ? callerId : undefined])
      return getOrCreate(clients, key, () => open(keysFor, region))
    },
    close () {
      for (const handler of handlers.values()) handler.destroy()
      clients.clear()
    }
  }
}
