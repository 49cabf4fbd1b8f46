import { isDeepStrictEqual } from 'node:util'
import fp from 'fastify-plugin'
import { createGates } from '#src/admission/admission'
import { createFleetBuckets } from '#src/admission/fleet-buckets'
import { createSharedBucket } from '#src/admission/shared-bucket'
import { createTokenBucket, unlimited } from '#src/admission/token-bucket'
import { awsClients, type Clients } from '#src/aws/clients'
import type { Identity } from '#src/aws/identity'
import type { KeysFor } from '#src/aws/keys'
import { seeOwnWrites } from '#src/aws/own-writes'
import type { SecretsPort } from '#src/aws/port'
import { quotaBuckets } from '#src/aws/quotas'
import { createRecentWrites } from '#src/aws/recent-writes'
import { rememberWrites } from '#src/aws/remember-writes'
import { confirmRepeats } from '#src/aws/repeats'
import { sdk } from '#src/aws/sdk'
import { createSecretsPort } from '#src/aws/sdk-port'
import type { BoundedClient } from '#src/aws/send'
import { createCache, type Cache } from '#src/cache/cached-port'
import { shareInvalidations } from '#src/cache/invalidations'
import { accountNames } from '#src/credentials/accounts'
import { isRole, stsRegion, type RoleDefinition } from '#src/credentials/definition'
import type { DescribedCredential } from '#src/credentials/schemas'
import { reportCache, reportGates } from '#src/metrics/aws'

declare module 'fastify' {
  interface FastifyInstance {
    /** The operations of AWS Secrets Manager, with the gateway's own names and types. */
    aws: SecretsPort
    /** Drops a secret from the cache. @param secret its name in AWS */
    invalidateCache: (secret: string) => void
    /** Watches a secret for changes of its current version. The cache must be enabled in the environment. */
    watchSecret: Cache['watch']
    /** Calls a function with the AWS name of each secret that may have changed. */
    onSecretChange: Cache['onChange']
    /** Returns false if the cache is disabled in the environment. */
    isCached: Cache['keeps']
    /** Reads a secret into the cache. @throws Problem if it can't be read */
    preload: Cache['preload']
    /**
     * Returns the SDK's client for a credential and a region. The port `aws` sends all commands. Use the client only to add
     * middleware.
     *
     * @param use.callerId the caller whose session the client uses if the credential is a role; defaults to the gateway itself
     * @param use.account the AWS account that the credential must belong to. If it belongs to another account, the client's calls
     *   fail with `credential-account-mismatch`.
     */
    awsClient: (credentialId: string, region: string, use?: Omit<KeysFor, 'credentialId'>) => BoundedClient['client']
    /** Opens a queue of Amazon SQS, which is read with a credential. */
    openQueue: Clients['queue']
    /**
     * Asks AWS STS for the identity that a credential belongs to.
     *
     * @throws Problem if the credential can't be used
     */
    verifyCredential: (credentialId: string) => Promise<Identity>
    /** Returns the API's descriptions of the declared credentials, in the order of the configuration. */
    describeCredentials: () => DescribedCredential[]
  }
}

/** Milliseconds after a reload until the old clients are closed. Until then, requests in progress can use the old clients. */
const gracePeriod = 60_000

/**
 * The milliseconds from the start until the SDK is loaded, unless a call needs it earlier. The delay lets the gateway answer the
 * load balancer's first health probe sooner, and usually ends before the first call to AWS.
 */
const loadAfter = 500

/** The interval at which expired values are removed from the cache, in milliseconds. */
const sweepEvery = 10_000

/** Provides the port to AWS with its cache, and AWS clients for the declared credentials. */
export default fp(async (fastify) => {
  const { config, metrics, monotonic, shared, tracer } = fastify
  const accounts = config.derive(({ credentials, environments }) => accountNames(credentials, environments.values()))
  const fleetBuckets = shared && createFleetBuckets(shared)
  const gates = createGates({
    settings: () => config.current.aws,
    buckets: {
      aws: (place, onTokens) => quotaBuckets(() => config.current.aws.quotaShare, (quota, name) => fleetBuckets === undefined
        ? createTokenBucket(quota, monotonic)
        : createSharedBucket(fleetBuckets, `${place} ${name}`, quota, monotonic, onTokens)),
      none: () => () => unlimited
    },
    // A credential that a reload has removed may still be in use by a request.
    accountOf: (credentialId) => accounts().get(credentialId) ?? credentialId,
    monotonic
  })
  const clients = config.derive(({ credentials, environments, aws }) => awsClients({
    credentials,
    stsRegion: (credentialId) => stsRegion(credentials, environments.values(), credentialId),
    aws,
    gates,
    now: fastify.now,
    onThrottled: metrics.throttled,
    isTraced: tracer !== undefined
  }), retire)

  const roleOf = (credentialId: string): RoleDefinition | undefined => {
    const definition = config.current.credentials.get(credentialId)
    return definition !== undefined && isRole(definition) ? definition : undefined
  }
  const writes = createRecentWrites(monotonic, fastify.now)
  const consistent = seeOwnWrites(createSecretsPort(clients, metrics.callEnded), writes)
  // `confirmRepeats` wraps `consistent`, because AWS itself may still return the state before an earlier write.
  const port = rememberWrites(confirmRepeats(consistent), writes, monotonic)
  const invalidations = shared && shareInvalidations(shared)
  const cache = createCache(port, {
    timesOf ({ cache: times = {} }) {
      const { ttlSeconds, staleIfErrorSeconds } = { ...config.current.cache, ...times }
      return { ttl: ttlSeconds * 1_000, staleIfError: staleIfErrorSeconds * 1_000 }
    },
    hasSessions: (credentialId) => roleOf(credentialId) !== undefined,
    sharesReads: (credentialId) => roleOf(credentialId)?.shareReads !== false,
    maximumBytes: config.current.cache.maximumBytes,
    monotonic,
    schedule: fastify.timeouts.after,
    onShared: metrics.callsShared,
    isTraced: tracer !== undefined,
    ...invalidations !== undefined && { announce: invalidations.announce }
  })
  invalidations?.applyTo(cache)
  // Clears the cache when one of these settings changes, because a credential may then belong to another account, or a name may
  // refer to another secret.
  config.derive(
    ({ credentials, environments, aws, cache: { maximumBytes } }) => ({ credentials, environments, aws, maximumBytes }),
    (before, after) => { if (!isDeepStrictEqual(before, after)) cache.clear(after.maximumBytes) }
  )
  reportGates(metrics, gates)
  reportCache(metrics, cache)
  const sweeper = setInterval(cache.sweep, sweepEvery).unref()

  fastify.decorate('aws', cache.port)
  fastify.decorate('invalidateCache', cache.invalidate)
  fastify.decorate('watchSecret', cache.watch)
  fastify.decorate('onSecretChange', cache.onChange)
  fastify.decorate('isCached', cache.keeps)
  fastify.decorate('preload', cache.preload)
  fastify.decorate('awsClient', (credentialId, region, use) => clients().clientFor({ credentialId, ...use }, region).client)
  fastify.decorate('openQueue', (credentialId, place) => clients().queue(credentialId, place))
  fastify.decorate('verifyCredential', async (credentialId) => clients().verify(credentialId))
  fastify.decorate('describeCredentials', () => {
    const { credentials, environments } = config.current
    return Array.from(credentials, ([id, { kind }]) => {
      const account = clients().accountOf(id)
      return { id, kind, region: stsRegion(credentials, environments.values(), id), ...(account !== undefined && { account }) }
    })
  })
  let loading: NodeJS.Timeout | undefined
  fastify.addHook('onListen', async () => { loading = setTimeout(sdk, loadAfter).unref() })
  fastify.addHook('onClose', async () => {
    clearTimeout(loading)
    clearInterval(sweeper)
    cache.close()
    clients().close()
  })
}, { name: 'credentials', dependencies: ['config', 'metrics', 'shared', 'timeouts', 'tracing'] })

function retire (clients: Clients): void {
  setTimeout(() => { clients.close() }, gracePeriod).unref()
}
