import { Writable } from 'node:stream'
import { SecretsManager } from '@aws-sdk/client-secrets-manager'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Test } from 'tap'
import { app } from '#src/app'
import { hashToken } from '#src/authentication/api-keys'
import { policySetFrom, type PolicySet } from '#src/authorization/policies'
import { getOrCreate } from '#src/collections/get-or-create'
import { configFrom, type Declared } from '#src/config/config'
import { liveConfig } from '#src/config/live'
import { serverOptions } from '#src/http/server-options'
import type { TracingSettings } from '#src/tracing/settings'
import { newTrail, readTrail, type AuditRecord } from './audit-trail.ts'
import { startBackend, type Signer } from './backends.ts'
import { passTime } from './clock.ts'
import { documentedReplies } from './documented.ts'

/** Options of a request that a test sends. */
export interface RequestOptions {
  /** The caller's token. By default the administrator's; with null, none is sent. */
  token?: string | null
  headers?: Record<string, string>
  /** Sent as JSON. */
  json?: unknown
  /** Sent unchanged, with no default content type. */
  body?: string | Uint8Array
}

export interface Reply {
  status: number
  headers: Headers
  text: string
  bytes: Uint8Array
  /** The body, parsed as JSON. */
  json: any // eslint-disable-line @typescript-eslint/no-explicit-any -- tests read arbitrary members
}

/** A running gateway, with its own backend. */
export interface Gateway {
  url: string
  fastify: FastifyInstance
  send: (method: string, path: string, options?: RequestOptions) => Promise<Reply>
  /** The AWS operations that the backend has received so far. */
  awsCalls: string[]
  /** The operations in `awsCalls`, each with the principal that AWS identified. */
  signers: Signer[]
  /** The clock of the backend, in milliseconds since the epoch. The gateway's clock is the same until `setClock` sets it. */
  now: () => number
  /** The log's lines so far. */
  log: string[]
  /** The path of the audit trail. */
  trailFile: string
  /** Returns the records of the audit trail so far, without its checkpoints, which can come at any time. */
  trail: () => AuditRecord[]
  /**
   * Returns an AWS SDK client that calls the backend directly. Even on a realistic backend, its reads don't lag behind, and its
   * writes are visible at once, because tests use it to prepare and to check the state.
   */
  aws: (accessKeyId: string, region?: string) => SecretsManager
  /** Lets time pass for the gateway and the backend. A negative number sets back both clocks. */
  advance: (days: number) => void
  /**
   * Advances the clocks until a realistic backend has caught up: lists show all changes, replications have ended, and the names
   * of deleted secrets are free. Does nothing with the other backends, because they never lag.
   */
  catchUp: () => void
  /** True on a realistic backend, which has AWS's delays and failures. */
  isRealistic: boolean
  /**
   * Sets the gateway's clock ahead by this number of milliseconds, or back. No time passes, and the backend's clock stays right.
   */
  setClock: (milliseconds: number) => void
  /**
   * Resolves when all rotations that are due or in progress have ended. On a realistic backend, this includes the further
   * attempts at a rotation whose function could not be called.
   */
  rotateDue: () => Promise<void>
}

export const tokens = {
  administrator: 'administrator-token-for-tests',
  reader: 'reader-token-for-tests',
  pipeline: 'pipeline-token-for-tests',
  writer: 'writer-token-for-tests',
  team: 'team-token-for-tests',
  stranger: 'stranger-token-for-tests',
  expired: 'expired-token-for-tests'
} as const

export const embedded = (accessKeyId: string): { kind: 'embedded', accessKeyId: string, secretAccessKey: string } =>
  ({ kind: 'embedded', accessKeyId, secretAccessKey: `${accessKeyId}-secret` })

const policySets = new Map<string, PolicySet>()

/** Returns the `authorization` section of a configuration with these Cedar policies. Equal policies are validated once. */
export const policies = (text: string): { policies: PolicySet } =>
  ({ policies: getOrCreate(policySets, text, () => policySetFrom([{ file: 'test.cedar', text }])) })

/** The default configuration: three environments in two accounts, a credential that AWS rejects, and several callers. */
export const declared = {
  /** A new trail for each gateway. */
  get audit (): { file: string, keyFile: string } { return newTrail() },
  /** The limits are too high to affect a test, unless the test sets its own limits. */
  limits: { requestsPerSecond: 100_000, unauthenticated: { requestsPerSecond: 100_000 } },
  /** A busy machine must not make the gateway refuse requests. */
  server: { overload: { loopDelayMilliseconds: 60_000 } },
  /** The cache is off, because most tests expect that every read goes to AWS. The tests of the cache switch it on. */
  cache: { ttlSeconds: 0 },
  environments: {
    dev: { region: 'eu-west-1', credential: 'dev-account', allowedCredentials: ['unknown-to-aws'] },
    staging: { region: 'eu-west-1', credential: 'dev-account', kmsKeyId: 'alias/staging', recoveryWindowInDays: 7 },
    prod: {
      region: 'eu-west-1',
      credential: 'prod-account',
      namePrefix: 'production-secrets/',
      tags: { environment: 'prod' },
      deletionProtection: true,
      requiredSecrets: ['payments/db']
    }
  },
  credentials: {
    'dev-account': embedded('AKIADEV'),
    'prod-account': embedded('AKIAPROD'),
    'unknown-to-aws': embedded('AKIAUNKNOWN')
  },
  authentication: {
    apiKeys: [
      { id: 'administrator', hash: hashToken(tokens.administrator), groups: ['administrators'] },
      { id: 'reader', hash: hashToken(tokens.reader) },
      { id: 'pipeline', hash: hashToken(tokens.pipeline) },
      { id: 'writer', hash: hashToken(tokens.writer) },
      { id: 'team-service', hash: hashToken(tokens.team), groups: ['team-a'] },
      { id: 'stranger', hash: hashToken(tokens.stranger), expires: '2999-01-01' },
      { id: 'expired', hash: hashToken(tokens.expired), groups: ['administrators'], expires: '2020-01-01T00:00:00Z' }
    ]
  },
  authorization: policies(`
    @id("administrators")
    permit (principal in Group::"administrators", action, resource);

    @id("reader")
    permit (
      principal == Caller::"reader",
      action in [Action::"DescribeEnvironment", Action::"GetSecretValue", Action::"BatchGetSecretValue"],
      resource in Environment::"dev"
    );

    @id("pipeline")
    permit (principal == Caller::"pipeline", action in [Action::"CreateSecret", Action::"PutSecretValue"], resource)
    when { ["dev", "staging"].contains(resource.environment) && context.credential == Credential::"dev-account" };

    @id("pipeline-sees")
    permit (principal == Caller::"pipeline", action == Action::"DescribeEnvironment", resource)
    when { ["dev", "staging"].contains(resource.environment) };

    @id("writer")
    permit (
      principal == Caller::"writer",
      action in [Action::"DescribeEnvironment", Action::"PutSecretValue"],
      resource in Environment::"dev"
    );

    @id("team-a")
    permit (principal in Group::"team-a", action in [Action::"read", Action::"write"], resource is Secret in Environment::"dev")
    when { resource.name like "team-a/*" };

    @id("team-a-in-dev")
    permit (principal in Group::"team-a", action in [Action::"read", Action::"write"], resource == Environment::"dev");
  `)
}

/**
 * Sections for a gateway that caches values. No secret is required, because the gateway would read required secrets at its start.
 */
export const caching = { cache: {}, environments: { dev: declared.environments.dev } }

/** A day, in milliseconds. */
const day = 24 * 60 * 60 * 1_000

/** A share of AWS's quotas that no test uses up. The backend does not throttle, so a limit would only slow the tests down. */
const unlimited = 100

/**
 * Starts a gateway that is set up like the real server, with its own backend. Its `send` checks every reply against the OpenAPI
 * document.
 *
 * @param change overrides sections of the configuration `declared`
 * @param tracing the settings for exporting traces; by default, none are exported
 */
export async function build (t: Test, change: Partial<Declared> = {}, tracing?: TracingSettings): Promise<Gateway> {
  const log: string[] = []
  const backend = await startBackend()
  // Teardowns run in reverse order. Each is registered before the next step that may fail, because an open server would keep the
  // test's process from ending.
  t.teardown(backend.close)
  const stream = new Writable({
    write (chunk: Buffer, _encoding, done) {
      log.push(chunk.toString())
      done()
    }
  })
  const aws = { endpoint: backend.url, quotaShare: unlimited, ...change.aws }
  const config = liveConfig(configFrom({ ...declared, ...change, aws }))
  // Disables Fastify's timeout for plugins, because a start may be slow on a busy machine.
  const fastify = Fastify({ ...serverOptions('info', stream, config), pluginTimeout: 0 })
  t.teardown(async () => fastify.close())
  let clockError = 0
  await fastify.register(app, { config, now: () => backend.now() + clockError, tracing })
  const url = await fastify.listen({ host: '127.0.0.1', port: 0 })

  const check = documentedReplies(fastify)
  const { file: trailFile = '' } = config.current.audit
  return {
    url,
    fastify,
    awsCalls: backend.awsCalls,
    signers: backend.signers,
    now: backend.now,
    log,
    trailFile,
    trail: () => readTrail(trailFile).filter(({ event }) => event !== 'checkpoint'),
    async send (method, path, options = {}) {
      const reply = await send(url, method, path, options)
      check(t, method, path, reply)
      return reply
    },
    aws (accessKeyId, region = 'eu-west-1') {
      const client = new SecretsManager({
        endpoint: backend.url,
        region,
        credentials: { accessKeyId, secretAccessKey: `${accessKeyId}-secret` }
      })
      client.middlewareStack.add((next) => async (args) => {
        backend.settle()
        const result = await next(args)
        backend.settle()
        return result
      }, { step: 'initialize', name: 'settle' })
      return client
    },
    advance (days) {
      backend.advance(days)
      passTime(Math.max(0, days * day))
    },
    catchUp: backend.catchUp,
    isRealistic: backend.isRealistic,
    setClock: (milliseconds) => { clockError = milliseconds },
    rotateDue: backend.rotateDue
  }
}

/**
 * Checks which operations the backend has received, in any order. A realistic backend may receive each operation more often,
 * because it makes calls fail and shortens pages.
 */
export function sameCalls (t: Test, { awsCalls, isRealistic }: Gateway, expected: readonly string[], message = 'the calls to AWS'): void {
  const inOrder = (operations: readonly string[]): string[] => [...operations].sort()
  if (!isRealistic) {
    t.same(inOrder(awsCalls), inOrder(expected), message)
    return
  }
  const operations = new Set(expected)
  const count = (list: readonly string[], operation: string): number => list.filter((one) => one === operation).length
  t.same(inOrder([...new Set(awsCalls)]), inOrder([...operations]), message)
  for (const operation of operations) t.ok(count(awsCalls, operation) >= count(expected, operation), `${message}: ${operation}`)
}

/** A part of AWS's message about a replication that failed by chance. */
const serverFault = 'An error occurred on the server side'

/**
 * Waits until AWS has replicated a secret. If a replication has failed by chance, starts it again, as the documentation advises.
 *
 * @param overwrite true if other secrets of that name may be overwritten
 */
export async function untilReplicated ({ send, catchUp }: Gateway, secret: string, overwrite = false): Promise<void> {
  for (;;) {
    catchUp()
    const { json: { replicas = [] } } = await send('GET', `${secret}/metadata`)
    const replicaRegions = replicas.flatMap(({ region, status, statusMessage }: { region: string, status: string, statusMessage?: string }) =>
      status === 'Failed' && statusMessage?.includes(serverFault) === true ? [{ region }] : [])
    if (replicaRegions.length === 0) return
    await send('PUT', `${secret}/replicas`, { json: { replicaRegions, forceOverwriteReplicaSecret: overwrite } })
  }
}

/** Sends a request over HTTP and reads the whole reply. */
export async function send (url: string, method: string, path: string, options: RequestOptions): Promise<Reply> {
  const { token = tokens.administrator, headers = {}, json, body } = options
  const response = await fetch(url + path, {
    method,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers
    },
    ...((json !== undefined || body !== undefined) && { body: body ?? JSON.stringify(json) })
  })
  const bytes = new Uint8Array(await response.arrayBuffer())
  const text = new TextDecoder().decode(bytes)
  const isJson = /[/+]json\b|-json-1\.1$/.test(response.headers.get('content-type') ?? '')
  return { status: response.status, headers: response.headers, text, bytes, json: isJson && text !== '' ? JSON.parse(text) : undefined }
}
