import { LRUCache } from 'lru-cache'
import type { Gate, Gates } from '#src/admission/admission'
import { getOrCreate } from '#src/collections/get-or-create'
import { isRole, type CredentialDefinition } from '#src/credentials/definition'
import { endpointsOf, type EndpointSettings } from '#src/credentials/endpoints'
import { callerTurns } from '#src/scheduling/caller-turns'
import { admitAttempts } from './admit.ts'
import { trackAttempts } from './attempts.ts'
import { refuseIncompleteReplies } from './complete-replies.ts'
import { secretsManagerEndpoint, stsServiceEndpoint } from './endpoints.ts'
import { convertExceptions } from './exception-middleware.ts'
import { credentialKeys, type CredentialKeys, type KeysFor } from './keys.ts'
import { captureRequestIds } from './request-ids.ts'
import { retryStrategy } from './retry.ts'
import { openQueue, type Queue, type QueuePlace } from './queue.ts'
import { sdk } from './sdk.ts'
import type { BoundedClient } from './send.ts'
import type { AwsSettings } from './settings.ts'
import { Sha256 } from './sha256.ts'
import { takeTurns } from './take-turns.ts'
import { traceAttempts } from './trace-attempts.ts'
import type { SecretsManager } from './types.ts'
import { captureReplies } from './verbatim.ts'
import { until, wholeReplies } from './whole-replies.ts'

/** The time limit for connecting, in milliseconds. Everything else is limited by the deadlines. */
export const timeouts = { connectionTimeout: 2_000, requestTimeout: 0, socketTimeout: 0 } as const

/**
 * The maximum number of cached clients. A role needs a client for each caller. Clients are small, and clients for the same
 * credential and region share their connections.
 */
const maximumClients = 1000

/** The maximum number of connections to STS. Each session needs at most one at a time to get its keys. */
const stsConnections = maximumClients

/** The SDK clients for one configuration. */
export interface Clients extends Pick<CredentialKeys, 'verify' | 'accountOf'> {
  /** Returns the client for a credential and region, with its bounds. For a role, each caller has its own client. */
  clientFor: (keysFor: KeysFor, region: string) => BoundedClient
  /** Opens a queue of Amazon SQS. It outlives the clients. */
  queue: (credentialId: string, place: QueuePlace) => Queue
  /** Closes all connections. Calls in flight fail. */
  close: () => void
}

export interface ClientsOptions {
  credentials: ReadonlyMap<string, CredentialDefinition>
  /** Returns the region of the STS endpoint that a credential uses. */
  stsRegion: (credentialId: string) => string
  /** The endpoints, the number of connections, and the deadlines. */
  aws: AwsSettings
  /** The gates that all calls pass. They outlive the clients. */
  gates: Gates
  /** Returns the time in milliseconds since the epoch. */
  now: () => number
  /** Called with each attempt that AWS throttles. */
  onThrottled?: (operation: string, credentialId: string) => void
  /** True if traces may be recorded. */
  isTraced?: boolean
}

/** Creates a cache of SDK clients, their connections and their keys. A failed call rejects with a `Problem`. */
export function awsClients (options: ClientsOptions): Clients {
  const { credentials, stsRegion, aws, gates, now, onThrottled = () => undefined, isTraced = false } = options
  const { slots, deadline, stsDeadline } = aws
  const clients = new LRUCache<string, SecretsManager>({ max: maximumClients })
  const handlers = new Map<string, ReturnType<typeof wholeReplies>>()
  const { keys, refuse, verify, accountOf } = credentialKeys({
    credentials,
    deadline: stsDeadline,
    now,
    sts: (credentialId, signal) => ({
      region: stsRegion(credentialId),
      requestHandler: until(signal, handlerOf('sts', stsConnections)),
      ...stsServiceEndpoint(endpointsFor(credentialId))
    })
  })

  function endpointsFor (credentialId: string): EndpointSettings {
    return endpointsOf(credentials.get(credentialId) ?? {}, aws)
  }

  function handlerOf (use: string, maxSockets: number): ReturnType<typeof wholeReplies> {
    return getOrCreate(handlers, use, () => {
      const agent = { keepAlive: true, maxSockets }
      return wholeReplies(new (sdk().http.NodeHttpHandler)({ ...timeouts, httpAgent: agent, httpsAgent: agent }), stsDeadline)
    })
  }

  const gateOf = (credentialId: string, region: string): Gate =>
    gates.gateOf(credentialId, region, credentials.get(credentialId)?.kind === 'embedded' ? 'none' : 'aws')

  function open (keysFor: KeysFor, region: string): SecretsManager {
    const { credentialId } = keysFor
    const client = new (sdk().secretsManager.SecretsManager)({
      region,
      // `memoized` tells the SDK not to cache the keys itself. The SDK's cache uses a different clock, and keeps keys that AWS
      // has refused.
      credentials: Object.assign(async () => keys(keysFor), { memoized: true }),
      // There are at least as many connections as slots. So a call never waits for a free connection, and the time limit for
      // connecting does not include such a wait.
      requestHandler: handlerOf(`${credentialId} ${region}`, slots.foreground + slots.background),
      retryStrategy,
      sha256: Sha256,
      ...secretsManagerEndpoint(endpointsFor(credentialId))
    })
    admitAttempts(client, gateOf(credentialId, region).lane, (operation) => { onThrottled(operation, credentialId) })
    refuseIncompleteReplies(client)
    captureRequestIds(client)
    captureReplies(client)
    trackAttempts(client)
    if (isTraced) traceAttempts(client)
    takeTurns(client, callerTurns)
    convertExceptions(client, () => { refuse(keysFor) })
    return client
  }

  return {
    verify,
    accountOf,
    clientFor (keysFor, region) {
      const { credentialId, callerId, account } = keysFor
      const definition = credentials.get(credentialId)
      if (definition === undefined) throw new TypeError(`No credential ${credentialId} is declared`)
      const key = JSON.stringify([credentialId, region, account, isRole(definition) ? callerId : undefined])
      const client = getOrCreate(clients, key, () => open(keysFor, region))
      return { client, breaker: gateOf(credentialId, region).breaker, deadline }
    },
    queue: (credentialId, place) => openQueue(place, {
      current: async () => keys({ credentialId }),
      refuse () { refuse({ credentialId }) }
    }),
    close () {
      for (const handler of handlers.values()) handler.destroy()
      clients.clear()
    }
  }
}
