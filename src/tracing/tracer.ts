import type { Attributes, Trace } from './span.ts'
import type { SpanCounts } from './span-queue.ts'
import type { TraceContext } from './trace-context.ts'

/** Records the traces of requests. */
export interface Tracer {
  /** Begins the span of a request. @param context the caller's trace, which the span continues */
  readonly begin: (name: string, context: TraceContext | undefined, attributes: Attributes) => Trace
  readonly counts: () => SpanCounts
  /** Exports all waiting spans. Resolves when they are exported, or when the time limit has passed. */
  readonly close: () => Promise<void>
}
