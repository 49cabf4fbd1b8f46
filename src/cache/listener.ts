import { setTimeout as delay } from 'node:timers/promises'
import { changedSecrets } from '#src/aws/change-events'
import type { Queue } from '#src/aws/queue'
import type { Monotonic } from '#src/clock'

/** The callbacks and the clock of a listener. */
export interface ListenerOptions {
  /** Drops the cached answers about a secret. @param secret its name in AWS */
  readonly invalidate: (secret: string) => void
  /** Called with the number of messages received so far that were not events about a secret. */
  readonly onRefused: (refused: number) => void
  /** Called with the error when the queue can't be read. Not called for repeated failures until the queue has been read again. */
  readonly onFailure: (error: unknown) => void
  /** Called when the queue can be read again. */
  readonly onRecovery: () => void
  readonly monotonic: Monotonic
}

/** The pauses before a queue is read again, in milliseconds. */
const pauses = { afterFailure: 1_000, longest: 30_000, afterQuickAnswer: 1_000 } as const

/**
 * Reads a queue of events, and drops the changed secrets. Unintelligible messages are deleted, too, because SQS would otherwise
 * deliver them again and again. An event that is delivered twice does no harm.
 *
 * @param stop ends the listener
 */
export async function listen (queue: Queue, options: ListenerOptions, stop: AbortSignal): Promise<void> {
  const { invalidate, onRefused, onFailure, onRecovery, monotonic } = options
  let refused = 0
  let failures = 0

  /** Receives and handles messages. Returns the milliseconds until the queue should be read again. */
  async function next (): Promise<number> {
    const start = monotonic()
    const messages = await queue.receive(stop)
    if (failures > 0) onRecovery()
    failures = 0
    // SQS waits for messages before it answers. A server that answers at once must not be polled again without a pause.
    if (messages.length === 0) return monotonic() - start < pauses.afterQuickAnswer ? pauses.afterQuickAnswer : 0
    const changed = messages.map(({ body }) => changedSecrets(body))
    for (const secret of changed.flatMap((secrets) => secrets ?? [])) invalidate(secret)
    const unknown = changed.filter((secrets) => secrets === undefined).length
    refused += unknown
    if (unknown > 0) onRefused(refused)
    await queue.remove(messages)
    return 0
  }

  while (!stop.aborted) {
    const pause = await next().catch((error: unknown) => {
      if (failures === 0 && !stop.aborted) onFailure(error)
      failures += 1
      return Math.min(pauses.longest, pauses.afterFailure * 2 ** (failures - 1))
    })
    if (pause > 0) await delay(pause, undefined, { signal: stop }).catch(() => undefined)
  }
}
