import type { Attributes, Trace } from './span.ts'
import type { SpanCounts } from './span-queue.ts'
import type { TraceContext } from './trace-context.ts'

/** Records the traces of requests. */
export interface Tracer {
  /** Begins the span of a request. @param context the caller's trace, which the span continues */
  readonly begin: (name: string, context: TraceContext | undefined, attributes: Attributes) => Trace
  readonly counts: () => SpanCounts
  /** Exports the spans that wait. Resolves when that is done, or when the time for it is over. */
  readonly close: () => Promise<void>
}
