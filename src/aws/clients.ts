import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { LRUCache } from 'lru-cache'
import { isRole, type CredentialDefinition } from '#src/credentials/definition'
import { Problem } from '#src/problems/problem'
import { tellAnswers } from './answers.ts'
import { isDefect, isOfKeys, problemFrom } from './errors.ts'
import { credentialKeys, type CredentialKeys, type KeysFor } from './keys.ts'
import { keepPace, type Paces } from './pace.ts'

/** Milliseconds until a connection must stand, and until a reply must have come. */
const timeouts = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true } as const

/** Clients that are kept at once: a role has one for each caller. They are small, and have their connections in common. */
const mostClients = 1000

export interface Clients extends Pick<CredentialKeys, 'verify' | 'accountOf'> {
  /** The one client of a credential and a region; of a role, that of the caller. */
  client: (wanted: KeysFor, region: string) => SecretsManager
  /** Closes the connections; calls under way fail. */
  close: () => void
}

export interface ClientsOptions {
  credentials: ReadonlyMap<string, CredentialDefinition>
  /** The region whose STS a credential asks. */
  stsRegion: (credentialId: string) => string
  /** Where to send what would go to AWS, and to its STS. */
  endpoint?: string | undefined
  stsEndpoint?: string | undefined
  /** Hold the calls to AWS's quotas; the embedded backend, whose keys are the gateway's own, has none. */
  paces?: Paces
  /** The clock: milliseconds since the epoch. */
  now: () => number
}

/** Keeps clients, with their connections and their keys. Their calls fail with a `Problem`. */
export function awsClients ({ credentials, stsRegion, endpoint, stsEndpoint, paces, now }: ClientsOptions): Clients {
  const clients = new LRUCache<string, SecretsManager>({ max: mostClients })
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
    const handler = handlers.get(use) ?? new NodeHttpHandler(timeouts)
    handlers.set(use, handler)
    return handler
  }

  function open (wanted: KeysFor, region: string): SecretsManager {
    const { credentialId } = wanted
    const client = new SecretsManager({
      region,
      // Without the SDK's own memory of keys, which goes by another clock and forgets none that is refused.
      credentials: Object.assign(async () => keys(wanted), { memoized: true }),
      requestHandler: handlerOf(`${credentialId} ${region}`),
      ...(endpoint !== undefined && { endpoint })
    })
    if (paces !== undefined && credentials.get(credentialId)?.kind !== 'embedded') keepPace(client, paces(credentialId, region))
    tellAnswers(client)
    client.middlewareStack.add((next, { commandName = '' }) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        if (error instanceof Problem || isDefect(error)) throw error
        throw error instanceof Error ? problemFrom(error, { operation: commandName.replace(/Command$/, ''), credentialId }) : error
      }
    }, { step: 'initialize', priority: 'high', name: 'problems' })
    // The SDK takes a quota that is used up for throttling, and tries again: in vain. Inside its retries, a problem is final.
    client.middlewareStack.add((next) => async (args) => {
      try {
        return await next(args)
      } catch (error) {
        if (!(error instanceof Error)) throw error
        if (isOfKeys(error)) refuse(wanted)
        if (error.name !== 'LimitExceededException') throw error
        throw problemFrom(error, { operation: '', credentialId })
      }
    }, { step: 'finalizeRequest', priority: 'low', name: 'finalProblems' })
    return client
  }

  return {
    verify,
    accountOf,
    client (wanted, region) {
      const { credentialId, callerId, account } = wanted
      const definition = credentials.get(credentialId)
      if (definition === undefined) throw new TypeError(`No credential ${credentialId} is declared`)
      const key = JSON.stringify([credentialId, region, account, isRole(definition) ? callerId : undefined])
      const client = clients.get(key) ?? open(wanted, region)
      clients.set(key, client)
      return client
    },
    close () {
      for (const handler of handlers.values()) handler.destroy()
      clients.clear()
    }
  }
}
