import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { rotate, type RotationEvent } from '#test/fixtures/rotation/rotator'

type RotationFunction = (client: SecretsManagerClient, event: RotationEvent) => Promise<void>

const functions: Readonly<Record<string, RotationFunction>> = {
  rotator: rotate,
  failing: async () => { throw new Error('It does not work') },
  /** Creates a new value, and then fails to set it in the other system. */
  async 'failing-to-set' (client, event) {
    if (event.Step === 'setSecret') throw new Error('The database does not answer')
    await rotate(client, event)
  }
}

/** Rotation functions behind HTTP endpoints. */
export interface ServedFunctions {
  /** The URL of each function, by name. */
  urls: Record<string, string>
  close: () => void
}

/**
 * Serves rotation functions in this process, which takes less time than starting a process for each step of a rotation.
 *
 * @param clientFor returns the client with which a function calls Secrets Manager about a secret
 */
export async function serveFunctions (clientFor: (arn: string) => SecretsManagerClient): Promise<ServedFunctions> {
  const server = createServer((request, response) => {
    const take = async (): Promise<void> => {
      const event = await json(request) as RotationEvent
      await functions[request.url?.slice(1) ?? '']?.(clientFor(event.SecretId), event)
    }
    // The backend treats any status except 2xx as a failure of the function.
    take().then(() => response.end(), () => response.writeHead(500).end())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    urls: Object.fromEntries(Object.keys(functions).map((name) => [name, `http://127.0.0.1:${port}/${name}`])),
    close () {
      server.close()
      server.closeAllConnections()
    }
  }
}
