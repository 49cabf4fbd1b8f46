import { isDeepStrictEqual } from 'node:util'
import fp from 'fastify-plugin'
import type { Config } from '#src/config/config'
import { ConfigError } from '#src/config/issues'
import { reportShared } from '#src/metrics/shared'
import { createShared, type Shared } from '#src/shared/shared'
import type { SharedSettings } from '#src/shared/settings'

declare module 'fastify' {
  interface FastifyInstance {
    /** The state that the replicas share. Absent if the configuration has no section `shared`. */
    shared: Shared | undefined
  }
}

/** Returns the settings that a reload can't change: all except the password and the CA certificates, which may be rotated. */
const fixed = ({ shared }: Config): Partial<SharedSettings> | undefined => shared && { ...shared, password: '', authority: '' }

/**
 * Connects to the state that the replicas share. The gateway starts even if the server can't be reached, because secrets can be
 * read and written without it.
 */
export default fp(async (fastify) => {
  const { config, log, metrics, monotonic } = fastify
  const { shared: initial } = config.current
  const first = fixed(config.current)
  config.derive((next) => {
    if (isDeepStrictEqual(fixed(next), first)) return
    throw new ConfigError([{ key: 'shared', found: 'a change', expected: 'the same as at the start: a change requires a restart' }])
  })
  if (initial === undefined) {
    fastify.decorate('shared', undefined)
    return
  }
  const { host, port } = initial
  const report = reportShared(metrics)
  // While plugins are loaded, the event loop is busy, so the server would seem to be slow.
  const { promise: started, resolve: start } = Promise.withResolvers<undefined>()
  let isDown = false
  let isForeignReported = false
  const shared = createShared({
    settings: () => config.current.shared ?? initial,
    onUp () {
      if (isDown) log.info({ shared: { host, port } }, 'the shared state can be used again')
      isDown = false
    },
    onDown (reason) {
      log.warn({ shared: { host, port }, reason }, 'the shared state can not be used')
      isDown = true
    },
    onForeignMessage () {
      report.foreignMessage()
      // Anybody who can write to the server can send any number of messages, so only the first is logged.
      if (!isForeignReported) log.warn({ shared: { host, port } }, 'a message was dropped: it comes from a replica with another shared.keyFile, or from elsewhere')
      isForeignReported = true
    },
    onCommand: report.command,
    after: started,
    monotonic
  })
  report.state(shared)
  fastify.decorate('shared', shared)
  fastify.addHook('onReady', async () => {
    start(undefined)
    await shared.firstAttempt
  })
  fastify.addHook('onClose', async () => shared.close())
}, { name: 'shared', dependencies: ['config', 'metrics'] })
