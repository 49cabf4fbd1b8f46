import { setTimeout as delay } from 'node:timers/promises'
import type { QueueSettings } from './settings.ts'

/** Sends spans to a collector. Never rejects. @returns the reason for a failure, or undefined after a success */
export type SendSpans<Span> = (spans: Span[]) => Promise<string | undefined>

/** The numbers of spans so far, by their fate. */
export interface SpanCounts {
  readonly exported: number
  /** The spans that were dropped because the queue was full, or because time ran out at the shutdown. */
  readonly dropped: number
  /** The spans that the collector did not accept. */
  readonly failed: number
  readonly waiting: number
}

/** Callbacks for when the export stops working, and when it works again. */
export interface ExportEvents {
  readonly onFailure: (reason: string) => void
  readonly onRecovery: () => void
}

/** The spans that have ended and wait to be exported. */
export interface SpanQueue<Span> {
  /** Adds a span, or drops it if the queue is full. Never waits. */
  readonly add: (span: Span) => void
  readonly counts: () => SpanCounts
  /**
   * Exports all waiting spans. @param longest the milliseconds after which it gives up, and drops the spans that are still
   * waiting
   */
  readonly flush: (longest: number) => Promise<void>
}

/**
 * Creates a queue. It sends one batch at a time: when enough spans are waiting, or when the first span has waited for the
 * `delay`. If the collector does not keep up, the queue drops spans instead of delaying requests.
 */
export function createSpanQueue<Span> (
  send: SendSpans<Span>, { size, batch, delay: longestDelay }: QueueSettings, { onFailure, onRecovery }: ExportEvents
): SpanQueue<Span> {
  const waiting: Span[] = []
  const counts = { exported: 0, dropped: 0, failed: 0 }
  let timer: NodeJS.Timeout | undefined
  let sending: Promise<void> | undefined
  let isFailing = false

  async function sendBatch (): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const spans = waiting.splice(0, batch)
    const failure = await send(spans)
    counts[failure === undefined ? 'exported' : 'failed'] += spans.length
    if (failure !== undefined && !isFailing) onFailure(failure)
    if (failure === undefined && isFailing) onRecovery()
    isFailing = failure !== undefined
    sending = undefined
    review()
  }

  /** Sends a batch if one is due, or schedules it. */
  function review (): void {
    if (sending !== undefined || waiting.length === 0) return
    if (waiting.length >= batch) sending = sendBatch()
    else timer ??= setTimeout(() => { sending ??= sendBatch() }, longestDelay).unref()
  }

  async function sendAll (stop: AbortSignal): Promise<void> {
    while (!stop.aborted && (sending !== undefined || waiting.length > 0)) await (sending ??= sendBatch())
  }

  return {
    add (span) {
      if (waiting.length >= size) counts.dropped += 1
      else waiting.push(span)
      review()
    },
    counts: () => ({ ...counts, waiting: waiting.length }),
    async flush (longest) {
      const stop = new AbortController()
      const timeIsUp = delay(longest, undefined, { signal: stop.signal }).catch(() => undefined)
      await Promise.race([sendAll(stop.signal), timeIsUp])
      stop.abort()
      clearTimeout(timer)
      counts.dropped += waiting.splice(0).length
    }
  }
}
