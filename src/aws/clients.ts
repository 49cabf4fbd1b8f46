import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import type { CredentialDefinition } from '../credentials/definition.ts'
import { keysProvider } from './credentials.ts'
import { Problem } from '../errors.ts'
import { problemFrom } from './errors.ts'

/** Milliseconds until a connection must stand, and until a reply must have come. */
const timeouts = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true } as const

export interface Clients {
  /** The one client of a credential and a region. */
  client: (credentialId: string, region: string) => SecretsManager
  close: () => void
}

/** What is thrown by a mistake of our own, and must not pass for AWS's being away. */
const isDefect = (error: unknown): error is TypeError | RangeError => error instanceof TypeError || error instanceof RangeError

/**
 * Keeps one client, with its connections and its keys, for each credential and region. Their calls fail with a `Problem`.
 *
 * @param endpoint where to send what would go to AWS
 */
export function awsClients (credentials: ReadonlyMap<string, CredentialDefinition>, endpoint?: string): Clients {
  const clients = new Map<string, SecretsManager>()

  function open (credentialId: string, region: string): SecretsManager {
    const definition = credentials.get(credentialId)
    if (definition === undefined) throw new TypeError(`No credential ${credentialId} is declared`)
    const client = new SecretsManager({
      region,
      credentials: keysProvider(definition),
      requestHandler: timeouts,
      ...(endpoint !== undefined && { endpoint })
    })
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
        if (!(error instanceof Error) || error.name !== 'LimitExceededException') throw error
        throw problemFrom(error, { operation: '', credentialId })
      }
    }, { step: 'finalizeRequest', priority: 'low', name: 'finalProblems' })
    return client
  }

  return {
    client (credentialId, region) {
      const key = `${credentialId} ${region}`
      const client = clients.get(key) ?? open(credentialId, region)
      clients.set(key, client)
      return client
    },
    close () {
      for (const client of clients.values()) client.destroy()
      clients.clear()
    }
  }
}
