import { randomUUID } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import type { FindAccessKey } from '#src/aws-protocol/signature'
import { accessKeysOf, type Account } from './accounts.ts'
import { awsJson, type OperationEvent, type Service } from './service.ts'
import type { Principal } from './principal.ts'
import type { RotationStepEvent } from './rotation/attempt.ts'
import { ConnectionReset } from './realistic/connection-reset.ts'
import { ideal, realistic, type RealisticOptions } from './realistic/realism.ts'
import { readRotationFunctions } from './rotation/rotation-functions.ts'
import { createScheduler } from './rotation/scheduler.ts'
import { kmsKeysOf, type KmsKey, type KmsKeys } from './store/kms-keys.ts'
import { openStore } from './store/store.ts'
import { identityProvidersOf, type IdentityProvider } from './sts/identity-providers.ts'
import { awsQuery, isForSts } from './sts/protocol.ts'
import { rolesOf, type Role } from './sts/roles.ts'
import { createSessions } from './sts/sessions.ts'
import { createThrottle } from './throttle.ts'

export type { Account, IdentityProvider, KmsKey, OperationEvent, RealisticOptions, Role, RotationStepEvent }

/** Options of the embedded Secrets Manager and its STS. */
export interface LocalBackendOptions {
  /** One entry for each access key. */
  accounts: readonly Account[]
  /** The roles that can be assumed. None by default. */
  roles?: readonly Role[]
  /** The OpenID Connect providers whose tokens AssumeRoleWithWebIdentity accepts. None by default. */
  identityProviders?: readonly IdentityProvider[]
  /** The customer managed KMS keys. None by default. */
  kmsKeys?: readonly KmsKey[]
  /** The folder that contains `secrets.sqlite` and `master.key`. By default, everything is kept in memory. */
  dataDir?: string
  /** The address to listen on; 127.0.0.1 by default. */
  host?: string
  /** The port to listen on. With 0, the default, the operating system chooses a free port. */
  port?: number
  /**
   * The replacements for Lambda rotation functions, keyed by the name or ARN of the Lambda function. Each value is the URL of
   * an endpoint, or the path of a JavaScript or TypeScript module that exports a `handler`. None by default.
   */
  rotationFunctions?: Readonly<Record<string, string>>
  /** The time limit for each step of a rotation, in milliseconds; 30,000 by default. */
  rotationTimeout?: number
  /**
   * True to reject calls that exceed AWS's request quotas, as AWS does. A number replaces every quota with that many calls per
   * second. Calls are counted over a sliding window of one second of real time. False by default.
   */
  throttling?: boolean | number
  /**
   * Gives the backend delays and failures like those of AWS. Only for a backend that keeps everything in memory. By default,
   * every change is visible at once and nothing fails by chance.
   */
  realistic?: RealisticOptions
  /**
   * The clock for dates, rotations and sessions, in milliseconds since the epoch; the real clock by default. Signatures are
   * always checked against the real clock.
   */
  now?: () => number
  /** Called for each authenticated call before it is carried out. */
  onOperation?: (event: OperationEvent) => void
  /** Called after each step of a rotation. */
  onRotationStep?: (event: RotationStepEvent) => void
}

/** A running embedded Secrets Manager. */
export interface LocalBackend {
  /** The URL to pass to the AWS SDK as its `endpoint`. */
  readonly url: string
  /** Sets the state of a KMS key for the lifetime of this process. Throws if the key does not exist. */
  setKmsKeyState: KmsKeys['setState']
  /**
   * Carries out the rotations that are due according to the backend's clock, and waits until no rotation is in progress. Without
   * this call, the backend starts each due rotation within a second.
   */
  runDueRotations: () => Promise<void>
  /**
   * Makes all changes so far visible to all reads, as if enough time had passed. Changes nothing unless the backend is realistic.
   */
  settle: () => void
  /**
   * Shuts down gracefully. Calls in progress have one second to finish, after which their connections are closed. Resolves once
   * the database is closed. Can be called repeatedly.
   */
  close: () => Promise<void>
}

/**
 * The time limits for receiving a request's headers and for receiving the whole request, and the interval at which Node checks
 * whether a request exceeds them. All are in milliseconds.
 */
const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5000 }

/** The maximum number of connections. It limits memory use, because each connection can hold a body of 1 MiB. */
const maxConnections = 512

/** The grace period for calls in progress on shutdown, in milliseconds. */
const closeTimeout = 1000

/**
 * Starts an embedded AWS Secrets Manager with an STS for roles. Both use AWS's own protocols (AWS JSON 1.1 and the Query
 * protocol) over HTTP on one port, so any AWS SDK works unmodified.
 *
 * @param options.accounts each account must have its own access key ID
 * @throws Error if the data folder can't be used, or if a realistic backend is given one; if an account, a role, an identity
 * provider, a KMS key or a rotation function is invalid; Node's own error if the server can't listen
 */
export async function startLocalBackend (options: LocalBackendOptions): Promise<LocalBackend> {
  const { accounts, kmsKeys = [], dataDir, host = '127.0.0.1', port = 0, now = Date.now, onOperation = () => undefined } = options
  const { rotationFunctions = {}, rotationTimeout = 30_000, onRotationStep = () => undefined } = options
  const { throttling = false } = options
  if (options.realistic !== undefined && dataDir !== undefined) {
    throw new Error('A realistic backend keeps everything in memory, so it can have no data folder')
  }
  const find = readRotationFunctions(rotationFunctions)
  const accessKeys = accessKeysOf(accounts)
  const roles = rolesOf(options.roles ?? [])
  const identityProviders = identityProvidersOf(options.identityProviders ?? [])
  const keys = kmsKeysOf(kmsKeys)
  const store = openStore(dataDir, keys)
  const realism = options.realistic === undefined ? ideal(store) : realistic(store, now, options.realistic)
  const rotations = createScheduler({
    store, now, faults: realism.faults, accounts, find, timeout: rotationTimeout, endpoint: () => urlOf(server, host),
    onRotationStep
  })
  const throttle = throttling === false ? undefined : createThrottle(throttling === true ? undefined : throttling)
  const sessions = createSessions({ masterKey: store.masterKey, roles, now })
  const findAccessKey: FindAccessKey<Principal> = (id, token) =>
    token === undefined ? accessKeys.get(id) : sessions.open(id, token)
  const sts = { roles, identityProviders, sessions }
  const service = { store, findAccessKey, now, onOperation, throttle, rotations, realism, sts }
  const server = serve(service)
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    realism.close()
    store.database.close()
    throw error
  }
  rotations.start()
  let closing: Promise<void> | undefined
  const close = async () => {
    await rotations.close()
    await stop(server)
    realism.close()
    store.database.close()
  }
  return {
    url: urlOf(server, host),
    setKmsKeyState: keys.setState,
    runDueRotations: rotations.runDue,
    settle: realism.settle,
    close: () => closing ??= close()
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
        if (reason instanceof ConnectionReset) {
          request.socket.resetAndDestroy()
          return
        }
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
