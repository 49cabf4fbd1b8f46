import { randomUUID } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { answer, type OperationEvent, type Service } from './service.ts'
import { AwsError, errors } from './protocol/errors.ts'
import type { Account } from './protocol/signature.ts'
import { openStore } from './store/store.ts'

export type { Account, OperationEvent }

/** How the embedded Secrets Manager is started. */
export interface LocalBackendOptions {
  accounts: readonly Account[]
  /** The folder of `secrets.sqlite` and `master.key`; without one nothing is kept. */
  dataDir?: string
  /** Where to listen; 127.0.0.1 unless given. */
  host?: string
  /** 0, the default, takes a free one. */
  port?: number
  /** The clock of dates and recovery windows, in milliseconds since the epoch. Signatures go by the real one. */
  now?: () => number
  /** Told of each authenticated call before it is carried out. */
  onOperation?: (event: OperationEvent) => void
}

/** A running embedded Secrets Manager. */
export interface LocalBackend {
  /** Where AWS's SDK finds it: an `endpoint`. */
  readonly url: string
  /** Ends when the calls under way are answered and the database is closed; safe to call again. */
  close: () => Promise<void>
}

/** Milliseconds for a request's headers, and for the whole of it. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5000 }

/** Each can hold a body of 1 MiB; a connection beyond them is closed. */
const maxConnections = 512

/** Milliseconds that calls under way have when it closes. */
const closeTimeout = 1000

/**
 * Starts an AWS Secrets Manager of its own: AWS JSON 1.1 over HTTP, for the unmodified SDK.
 *
 * Rejects, with what to do about it, if the data folder can't be used, and with Node's error if it can't listen. Each account
 * must have an access key ID of its own.
 */
export async function startLocalBackend (options: LocalBackendOptions): Promise<LocalBackend> {
  const { accounts, dataDir, host = '127.0.0.1', port = 0, now = Date.now, onOperation = () => undefined } = options
  const byAccessKey = new Map(accounts.map((account) => [account.accessKeyId, account]))
  if (byAccessKey.size < accounts.length) throw new Error('Two accounts have the same access key ID')
  const store = openStore(dataDir)
  const service = { store, accounts: byAccessKey, now, onOperation }
  const server = serve(service)
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    store.database.close()
    throw error
  }
  let closing: Promise<void> | undefined
  const close = async () => {
    await stop(server)
    store.database.close()
  }
  return { url: urlOf(server, host), close: () => closing ??= close() }
}

function serve (service: Service): Server {
  const server = createServer(timeouts, (request, response) => {
    answer(service, request).then(
      (body) => { send(response, 200, body) },
      (reason: unknown) => {
        const error = reason instanceof AwsError ? reason : errors.internal()
        // The rest of a body that is too large is not waited for, as Node waits for that of any other.
        if (error.type === 'RequestEntityTooLarge') response.setHeader('connection', 'close')
        send(response, error.status, JSON.stringify({ __type: error.type, Message: error.message }))
      }
    )
  })
  server.maxConnections = maxConnections
  return server
}

function send (response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, {
    'content-type': 'application/x-amz-json-1.1',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': randomUUID()
  })
  response.end(body)
}

async function stop (server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  const timer = setTimeout(() => {
    server.closeAllConnections()
  }, closeTimeout)
  await closed
  clearTimeout(timer)
}

function urlOf (server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
