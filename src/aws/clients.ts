import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import type { CredentialDefinition } from '../credentials/definition.ts'
import { keysProvider } from './credentials.ts'
import { problemFrom } from './errors.ts'

/** Milliseconds until a connection must stand, and until a reply must have come. */
const timeouts = { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true } as const

export interface Clients {
  /** The one client of a credential and a region. */
  client: (credentialId: string, region: string) => SecretsManager
  close: () => void
}

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
        // A defect of our own is not AWS's.
        if (!(error instanceof Error) || error instanceof TypeError || error instanceof RangeError) throw error
        throw problemFrom(error, { operation: commandName.replace(/Command$/, ''), credentialId })
      }
    }, { step: 'initialize', priority: 'high', name: 'problems' })
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
