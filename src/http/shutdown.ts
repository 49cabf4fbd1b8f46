import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import type { ShutdownTimes } from '#src/config/shutdown'
import type { BulkStop } from '#src/secrets/bulk/schemas'

/** The graceful shutdown of a gateway. */
export interface Shutdown {
  /**
   * Aborted when the graceful shutdown begins. The gateway is then no longer ready, closes each connection after the next
   * reply, and starts no long-running work. It still accepts connections and serves other requests.
   */
  readonly stopping: AbortSignal
  /** Aborted when the grace period has ended. Then all connections are closed, and the shutdown no longer waits. */
  readonly cutOff: AbortSignal
  /** Begins the shutdown, without closing anything. */
  readonly begin: () => void
  /**
   * Shuts down gracefully. Resolves when everything is closed: to true if all requests and jobs have ended by themselves, or to
   * false if some were cut off.
   *
   * @param options.delays false to close the listener at once, instead of waiting until load balancers have noticed the shutdown
   */
  readonly shutDown: (options: { delays: boolean }) => Promise<boolean>
}

declare module 'fastify' {
  interface FastifyInstance {
    stopping: Shutdown['stopping']
    cutOff: Shutdown['cutOff']
    shutDown: Shutdown['shutDown']
  }
}

/**
 * Creates the shutdown of a gateway.
 *
 * @param times returns the times that the current configuration sets
 */
export function createShutdown (fastify: Pick<FastifyInstance, 'close'>, times: () => ShutdownTimes): Shutdown {
  const [stopping, cutOff] = [new AbortController(), new AbortController()]
  const begin = (): void => { stopping.abort('shutdown' satisfies BulkStop) }
  return {
    stopping: stopping.signal,
    cutOff: cutOff.signal,
    begin,
    async shutDown ({ delays }) {
      const { delay, grace } = times()
      begin()
      if (delays) await wait(delay)
      const timer = setTimeout(() => { cutOff.abort() }, grace)
      await fastify.close()
      clearTimeout(timer)
      return !cutOff.signal.aborted
    }
  }
}
