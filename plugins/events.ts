import { isDeepStrictEqual } from 'node:util'
import fp from 'fastify-plugin'
import { listen } from '#src/cache/listener'
import type { Config } from '#src/config/config'
import { Problem } from '#src/problems/problem'

/** The part of the configuration that determines how queues are read. */
const settingsOf = ({ cache: { events }, credentials, aws }: Config) => ({ events, credentials, aws })

/** Reads the queues of events about secrets that were changed outside the gateway, and drops these secrets from the cache. */
export default fp(async (fastify) => {
  const { config, log, monotonic, invalidateCache, openQueue } = fastify
  let stop: AbortController | undefined

  function start ({ events }: Pick<ReturnType<typeof settingsOf>, 'events'>): void {
    stop = new AbortController()
    const { signal } = stop
    for (const { credential, ...place } of events) {
      const about = { queue: place.queueUrl }
      const queue = openQueue(credential, place)
      void listen(queue, {
        invalidate: invalidateCache,
        onRefused (refused) { log.warn({ ...about, refused }, 'messages that are no events about a secret') },
        onFailure (error) { log.warn({ ...about, reason: reasonOf(error) }, 'events can not be received') },
        onRecovery () { log.info(about, 'events are received again') },
        monotonic
      }, signal).finally(queue.close)
    }
  }

  fastify.addHook('onListen', async () => { start(config.current.cache) })
  config.derive(settingsOf, (before, after) => {
    if (stop === undefined || isDeepStrictEqual(before, after)) return
    stop.abort()
    start(after)
  })
  fastify.addHook('preClose', async () => { stop?.abort() })
}, { name: 'events', dependencies: ['config', 'credentials'] })

/** Returns the reason for a failure, for the log. AWS's messages are left out, because they may quote the request. */
function reasonOf (error: unknown): string {
  if (error instanceof Problem) return error.options.reason ?? error.code
  return error instanceof Error ? error.name : 'unknown'
}
