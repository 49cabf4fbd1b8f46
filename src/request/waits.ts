import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ConcurrencyLimiter } from '#src/admission/concurrency-limiter'
import type { VersionSelector } from '#src/aws/port'
import type { Cache } from '#src/cache/cached-port'
import { selectsCurrent } from '#src/cache/cached-secret'
import type { Monotonic } from '#src/clock'
import { matchesETag } from '#src/http/etag'
import { onceClosed } from '#src/http/once-closed'
import { waitIn } from '#src/http/prefer'
import type { CallerTurns } from '#src/scheduling/caller-turns'
import type { Pauses } from '#src/scheduling/pauses'
import type { Renewed } from './renew-decision.ts'

/** The dependencies of all waits. */
export interface WaitsContext {
  readonly limiter: ConcurrencyLimiter
  /** Returns the maximum time, in milliseconds, for which a read waits. */
  readonly longest: () => number
  readonly pauses: Pauses
  readonly turns: Pick<CallerTurns, 'wait'>
  readonly isCached: Cache['keeps']
  readonly watch: Cache['watch']
  /** Repeats the request's initial checks. @throws Problem if the caller may no longer read the secret */
  readonly renew: (request: FastifyRequest) => Promise<Renewed>
  readonly monotonic: Monotonic
}

/** A read's wait for a change of its secret. */
export interface Wait {
  /** Returns true if this version matches `If-None-Match`, so that the read should wait. */
  readonly isKnown: (versionId: string) => boolean
  /**
   * Waits until the secret may have changed. Resolves to false, without waiting, if the time is over.
   *
   * @throws Problem if the caller may no longer read the secret, has disconnected, or has too many waiting reads
   */
  readonly next: () => Promise<boolean>
}

/**
 * Returns the wait that `Prefer: wait` asks for. As RFC 7240 requires, a preference that can't be met is ignored. So the result
 * is undefined in these cases:
 *
 * - There is no `If-None-Match`, so the gateway does not know which version the client has.
 * - The read selects a version other than the current one.
 * - The cache is disabled, so each wait would have to poll AWS.
 */
export function waitFor (
  context: WaitsContext, request: FastifyRequest, reply: FastifyReply, selector: VersionSelector
): Wait | undefined {
  const { limiter, longest, pauses, turns, isCached, watch, renew, monotonic } = context
  const { environment, scope, secretName, caller, headers: { 'if-none-match': known, prefer } } = request
  const seconds = waitIn(prefer?.toString())
  if (seconds === undefined || known === undefined || !selectsCurrent(selector) || !isCached(environment)) return undefined
  const milliseconds = Math.min(seconds * 1_000, longest())
  reply.header('preference-applied', `wait=${milliseconds / 1_000}`)
  const end = monotonic() + milliseconds
  const isKnown = (versionId: string): boolean => matchesETag(known, versionId)
  let isBegun = false
  let isOver = false

  /** Counts the request as waiting, and records the intent. */
  async function begin (): Promise<void> {
    isBegun = true
    onceClosed(reply.raw, limiter.enter(caller.id))
    await scope.beforeSending?.()
  }

  return {
    isKnown,
    async next () {
      if (isOver) return false
      if (!isBegun) await begin()
      const pauseEnd = await pauses.pause({
        milliseconds: end - monotonic(),
        signal: scope.signal,
        until: (wake) => watch(scope, secretName, (versionId) => {
          if (versionId === undefined || !isKnown(versionId)) wake()
        })
      })
      // A change may wake thousands of requests. They continue in turns.
      await turns.wait(caller.id)
      const { isSameEnvironment } = await renew(request)
      isOver = pauseEnd !== 'woken' || !isSameEnvironment
      // When the time is over, the secret is read once more, unless its name may now refer to another secret.
      return isSameEnvironment
    }
  }
}
