import { monotonic } from '#src/clock'
import { Problem } from '#src/problems/problem'

/**
 * The details of a span, named after OpenTelemetry's semantic conventions where possible. They never contain a secret's name or
 * value, a caller's ID or address, a URL or a token, because usually more people read traces than the audit trail.
 */
export type Attributes = Record<string, string | number | boolean | string[]>

export interface SpanOptions {
  /** Present for a request to another service. */
  readonly kind?: 'client'
  readonly attributes?: Attributes
  /** How long ago the span began, in milliseconds. By default it begins now. */
  readonly ago?: number
}

/** A part of the work on a request. It is exported when it has ended, with its start and end times. */
export interface Span {
  /** The ID of the trace: 32 hexadecimal digits. */
  readonly traceId: string
  /** The ID of the span: 16 hexadecimal digits. */
  readonly spanId: string
  /** Begins a part of this span. */
  readonly begin: (name: string, options?: SpanOptions) => Span
  readonly set: (attributes: Attributes) => void
  /** @param failure the kind of error that ended the span, such as the code of a problem */
  readonly end: (failure?: string) => void
}

/** The trace that a request belongs to. */
export interface Trace {
  readonly traceId: string
  /** The ID of the request's own span. Absent if tracing is off, because the trace is then only the caller's. */
  readonly spanId?: string
  /** The request's own span. Absent if the trace is not recorded. */
  readonly span?: Span
}

/** Returns the members of a log line that belongs to a trace, with the names that OpenTelemetry gives them. */
export const logMembers = ({ traceId, spanId }: Partial<Trace> = {}): object => ({ trace_id: traceId, span_id: spanId })

/** Returns the kind of an error, which is recorded at the end of its span: the code of a problem. */
export const failureOf = (error: unknown): string => error instanceof Problem ? error.code : 'internal-error'

/**
 * Runs a function in a new span. Without a parent span, just runs the function.
 *
 * @param work receives the span; if it returns a promise, the span ends when the promise is settled
 */
export function inSpan<Result> (
  parent: Span | undefined, name: string, work: (span?: Span) => Result, options?: SpanOptions
): Result {
  if (parent === undefined) return work()
  const span = parent.begin(name, options)
  try {
    const result = work(span)
    if (result instanceof Promise) whenSettled(result, span.end)
    else span.end()
    return result
  } catch (error) {
    span.end(failureOf(error))
    throw error
  }
}

/** Calls a function when a promise is settled. If it was rejected, passes the kind of its error. */
function whenSettled (promise: Promise<unknown>, end: (failure?: string) => void): void {
  promise.then(() => {
    end()
  }, (error: unknown) => {
    end(failureOf(error))
  })
}

/**
 * The shortest wait that gets a span, in milliseconds. Most waits end at once, and their spans would only lengthen the traces.
 */
const shortestWait = 1

/** Waits for a promise. If that takes at least a millisecond, or fails, creates a span for the wait afterwards. */
export async function waitInSpan<Result> (parent: Span | undefined, name: string, wait: Promise<Result>): Promise<Result> {
  if (parent === undefined) return wait
  const began = monotonic()
  const end = (failure?: string): void => {
    const ago = monotonic() - began
    if (failure !== undefined || ago >= shortestWait) parent.begin(name, { ago }).end(failure)
  }
  whenSettled(wait, end)
  return wait
}
