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

/** Options of the embedded Secrets Manager and its STS. */
export interface LocalBackendOptions {
  /** One entry for each access key. */
  accounts: readonly Account[]
  /** The roles that can be assumed. None by default. */
  roles?: readonly Role[]
  /** The OpenID Connect providers whose tokens AssumeRoleWithWebIdentity accepts. None by default. */
  identityProviders?: readonly IdentityProvider[]
  /** The customer managed keys of KMS. None by default. */
  kmsKeys?: readonly KmsKey[]
  /** The folder of `secrets.sqlite` and `master.key`. By default everything is kept in memory. */
  dataDir?: string
  /** The address to listen on; 127.0.0.1 by default. */
  host?: string
  /** The port to listen on; 0, the default, chooses a free one. */
  port?: number
  /**
   * The rotation functions, by the name or ARN of the Lambda function that they replace. Each is the URL of an endpoint, or the
   * path of a JavaScript or TypeScript module that exports a `handler`. None by default.
   */
  rotationFunctions?: Readonly<Record<string, string>>
  /** The time limit of a rotation function for each step, in milliseconds; 30 seconds by default. */
  rotationTimeout?: number
  /**
   * True to reject calls that exceed AWS's quotas, as AWS does. A number sets the calls per second for each group of operations
   * in place of AWS's. Quotas apply to any second of real time. False by default.
   */
  throttling?: boolean | number
  /**
   * The clock for dates, rotations and sessions, in milliseconds since the epoch. Signatures are always checked by the real
   * clock.
   */
  now?: () => number
  /** Called for each authenticated call before it is carried out. */
  onOperation?: (event: OperationEvent) => void
  /** Called after each step of a rotation. */
  onRotationStep?: (event: RotationStepEvent) => void
}

/** A running embedded Secrets Manager. */
export interface LocalBackend {
  /** The `endpoint` for AWS's SDK. */
  readonly url: string
  /** Sets the state of a KMS key for the lifetime of this process. Throws if the key does not exist. */
  setKmsKeyState: KmsKeys['setState']
  /**
   * Carries out the rotations that are due by the backend's clock, and waits for those in progress. The backend itself starts a
   * due rotation within a second.
   */
  runDueRotations: () => Promise<void>
  /**
   * Shuts down gracefully: resolves once the calls in progress are answered and the database is closed. Can be called repeatedly.
   */
  close: () => Promise<void>
}

/** In milliseconds: the time limits for receiving a request's headers, and for the whole request. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5000 }

/** Limits memory, as each connection can hold a body of 1 MiB. Further connections are closed. */
const maxConnections = 512

/** The time that calls in progress have to finish on shutdown, in milliseconds. */
const closeTimeout = 1000

/**
 * Starts an embedded AWS Secrets Manager with an STS for roles. Both speak AWS's protocols (AWS JSON 1.1 and the Query protocol)
 * over HTTP on one port, so that any AWS SDK works unmodified.
 *
 * @param options each account must have its own access key ID
 * @throws Error that says how to fix it, if the data folder can't be used or if an account, a role, an identity provider or a
 * rotation function is invalid; Node's own error if the server can't listen
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
        // Node waits for the rest of a body before it reuses the connection. An oversized body is not worth waiting for.
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
