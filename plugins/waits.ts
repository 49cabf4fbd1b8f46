import fp from 'fastify-plugin'
import { createConcurrencyLimiter, type ConcurrencyLimiter } from '#src/admission/concurrency-limiter'
import type { VersionSelector } from '#src/aws/port'
import { createFollowedSecrets, type FollowedSelection } from '#src/changes/followed-secrets'
import { Problem } from '#src/problems/problem'
import { sendChanges, type ChangeStreamsContext } from '#src/request/change-streams'
import { renewDecision } from '#src/request/renew-decision'
import { waitFor, type Wait, type WaitsContext } from '#src/request/waits'
import { callerTurns } from '#src/scheduling/caller-turns'
import { createPauses } from '#src/scheduling/pauses'
import { allSecrets } from '#src/secrets/all-secrets'

declare module 'fastify' {
  interface FastifyInstance {
    /** The open event streams. */
    eventStreams: ConcurrencyLimiter
    /** Replies with a stream of changes to secrets. */
    sendChanges: (request: FastifyRequest, reply: FastifyReply, selection: FollowedSelection) => Promise<FastifyReply>
    /** Returns the wait that a read's `Prefer` header asks for, or undefined if the read must not wait. */
    waitFor: (request: FastifyRequest, reply: FastifyReply, selector: VersionSelector) => Wait | undefined
  }
}

/** Creates a function that returns the problem for a request beyond the limit. @param reason the reason in the log */
const tooMany = (reason: string) => (): Problem => new Problem('rate-limited', { reason, retryAfter: 5 })

/** Lets requests wait for secrets to change. */
export default fp(async (fastify) => {
  const {
    authenticate, authorize, aws, config, isCached, metrics, monotonic, onSecretChange, stopping, timeouts, watchSecret
  } = fastify
  const limits = (): typeof config.current.server.connections => config.current.server.connections
  const eventStreams = createConcurrencyLimiter(() => ({ ofOneCaller: limits().eventStreamsPerCaller }), tooMany('event-streams'))
  const reads = createConcurrencyLimiter(() => ({ ofOneCaller: limits().waitsPerCaller }), tooMany('waits'))
  const pauses = createPauses(timeouts.after)
  const context = { authenticate, authorize, findEnvironment: (name: string) => config.current.environments.get(name) }
  const waits: WaitsContext = {
    limiter: reads,
    longest: () => limits().longestWait,
    pauses,
    turns: callerTurns,
    isCached,
    watch: watchSecret,
    renew: async (request) => renewDecision(context, request),
    monotonic
  }

  const followed = createFollowedSecrets({
    watch: watchSecret,
    async list (call, namePrefix) {
      const { secrets } = await allSecrets({ ...call, aws }, { namePrefix })
      return secrets.map(({ name }) => name)
    },
    after: timeouts.after,
    listEvery: ({ environment: { cache: { ttlSeconds = config.current.cache.ttlSeconds } = {} } }) => ttlSeconds * 1_000
  })
  onSecretChange(followed.announce)
  const streams: ChangeStreamsContext = { ...waits, limiter: eventStreams, followed, authorize }

  fastify.decorate('eventStreams', eventStreams)
  fastify.decorate('sendChanges', async (request, reply, selection) => sendChanges(streams, request, reply, selection))
  fastify.decorate('waitFor', (request, reply, selector) => waitFor(waits, request, reply, selector))
  metrics.gauge({ name: 'secrets_gateway_waiting_requests', help: 'Requests that wait for changes, and event streams.', labels: ['kind'] }, () => [
    { labels: { kind: 'read' }, value: reads.count() },
    { labels: { kind: 'event-stream' }, value: eventStreams.count() }
  ])
  // During a reload, the old configuration is still in effect.
  config.derive(() => undefined, () => { setImmediate(pauses.wakeAll) })
  stopping.addEventListener('abort', pauses.stop)
}, { name: 'waits', dependencies: ['authentication', 'authorization', 'config', 'credentials', 'metrics', 'shutdown', 'timeouts'] })
