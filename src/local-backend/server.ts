import { randomUUID } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { FindAccessKey } from '#src/aws-protocol/signature'
import { accessKeysOf, type Account } from './accounts.ts'
import { awsJson, type OperationEvent, type Service } from './service.ts'
import type { Principal } from './principal.ts'
import type { RotationStepEvent } from './rotation/attempt.ts'
import { readRotationFunctions } from './rotation/rotation-functions.ts'
import { createScheduler } from './rotation/scheduler.ts'
import { kmsKeysOf, type KmsKey, type KmsKeys } from './store/kms-keys.ts'
import { openStore } from './store/store.ts'
import { identityProvidersOf, type IdentityProvider } from './sts/identity-providers.ts'
import { awsQuery, isForSts } from './sts/protocol.ts'
import { rolesOf, type Role } from './sts/roles.ts'
import { createSessions } from './sts/sessions.ts'
import { createThrottle } from './throttle.ts'

export type { Account, IdentityProvider, KmsKey, OperationEvent, Role, RotationStepEvent }

/** How the embedded Secrets Manager, and the STS that goes with it, are started. */
export interface LocalBackendOptions {
  /** One for each access key. */
  accounts: readonly Account[]
  /** The roles that can be assumed, by those whom they trust; there is none but those. */
  roles?: readonly Role[]
  /** Whose tokens STS takes from those who have no access key. */
  identityProviders?: readonly IdentityProvider[]
  /** The customer managed keys of KMS; there is none but those. */
  kmsKeys?: readonly KmsKey[]
  /** The folder of `secrets.sqlite` and `master.key`; without one nothing is kept. */
  dataDir?: string
  /** Where to listen; 127.0.0.1 unless given. */
  host?: string
  /** 0, the default, takes a free one. */
  port?: number
  /**
   * The functions that rotate secrets, by the name or the ARN of a Lambda function: each the URL of an endpoint, or the file of a
   * JavaScript or TypeScript module that exports a `handler`. There is none but those.
   */
  rotationFunctions?: Readonly<Record<string, string>>
  /** Milliseconds that a rotation function has for each step; 30 seconds unless given. */
  rotationTimeout?: number
  /**
   * Whether calls beyond AWS's quotas, counted over any second of real time, are refused as AWS refuses them; or how many a
   * second each family of operations has instead of AWS's. Nothing is, unless given.
   */
  throttling?: boolean | number
  /** The clock of dates, rotations and sessions, in milliseconds since the epoch. Signatures go by the real one. */
  now?: () => number
  /** Told of each authenticated call before it is carried out. */
  onOperation?: (event: OperationEvent) => void
  /** Told of each step that a rotation has taken. */
  onRotationStep?: (event: RotationStepEvent) => void
}

/** A running embedded Secrets Manager. */
export interface LocalBackend {
  /** Where AWS's SDK finds it: an `endpoint`. */
  readonly url: string
  /** Puts a KMS key in a state, for this process and until it ends; throws if there is no such key. */
  setKmsKeyState: KmsKeys['setState']
  /**
   * Carries out the rotations that are due by the backend's clock, as it does by itself within a second, and those that are under
   * way; ends when none is left.
   */
  runDueRotations: () => Promise<void>
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
 * Starts an AWS Secrets Manager of its own, and an STS for roles: AWS JSON 1.1 and the Query protocol over HTTP, on one port, for
 * the unmodified SDK.
 *
 * Rejects, with what to do about it, if the data folder can't be used or an account, a role, an identity provider or a rotation
 * function is wrong, and with Node's error if it can't listen. Each account must have an access key ID of its own.
 */
export async function startLocalBackend (options: LocalBackendOptions): Promise<LocalBackend> {
  const { accounts, kmsKeys = [], dataDir, host = '127.0.0.1', port = 0, now = Date.now, onOperation = () => undefined } = options
  const { rotationFunctions = {}, rotationTimeout = 30_000, onRotationStep = () => undefined } = options
  const { throttling = false } = options
  const find = readRotationFunctions(rotationFunctions)
  const accessKeys = accessKeysOf(accounts)
  const roles = rolesOf(options.roles ?? [])
  const identityProviders = identityProvidersOf(options.identityProviders ?? [])
  const keys = kmsKeysOf(kmsKeys)
  const store = openStore(dataDir, keys)
  const rotations = createScheduler({
    store, now, accounts, find, timeout: rotationTimeout, endpoint: () => urlOf(server, host), onRotationStep
  })
  const throttle = throttling === false ? undefined : createThrottle(throttling === true ? undefined : throttling)
  const sessions = createSessions({ masterKey: store.masterKey, roles, now })
  const findAccessKey: FindAccessKey<Principal> = (id, token) =>
    token === undefined ? accessKeys.get(id) : sessions.open(id, token)
  const sts = { roles, identityProviders, sessions }
  const service = { store, findAccessKey, now, onOperation, throttle, rotations, sts }
  const server = serve(service)
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    store.database.close()
    throw error
  }
  rotations.start()
  let closing: Promise<void> | undefined
  const close = async () => {
    await rotations.close()
    await stop(server)
    store.database.close()
  }
  return {
    url: urlOf(server, host), setKmsKeyState: keys.setState, runDueRotations: rotations.runDue, close: () => closing ??= close()
  }
}

function serve (service: Service): Server {
  const server = createServer(timeouts, (request, response) => {
    const requestId = randomUUID()
    const { contentType, answer, fault } = isForSts(request) ? awsQuery : awsJson
    response.setHeader('x-amzn-requestid', requestId).setHeader('content-type', contentType)
    answer(service, request, requestId).then(
      (body) => { send(response, 200, body) },
      (reason: unknown) => {
        const { status, body } = fault(reason, requestId)
        // The rest of a body that is too large is not waited for, as Node waits for that of any other.
        if (status === 413) response.setHeader('connection', 'close')
        send(response, status, body)
      }
    )
  })
  server.maxConnections = maxConnections
  return server
}

function send (response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-length': Buffer.byteLength(body) })
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
