import { routeSpan } from '#src/request/request-span'
import type { Step } from '#src/request/step'
import { traceContextFrom } from '#src/tracing/trace-context'
import type { Tracer } from '#src/tracing/tracer'

/**
 * Begins the span of the request, in the trace of its caller if it names one. All log lines of the request then have its ID.
 * Without a tracer, only notes the ID of the caller's trace, for the log and the audit trail. Health probes have no trace.
 */
export const beginTrace = (tracer: Tracer | undefined): Step => (request) => {
  const { headers, routeOptions: { config } } = request
  if ((tracer === undefined && headers.traceparent === undefined) || config.servedWhenOverloaded === true) return undefined
  const context = traceContextFrom(headers)
  const trace = tracer === undefined ? context && { traceId: context.traceId } : routeSpan(tracer, request, context)
  if (trace === undefined) return undefined
  const { traceId, spanId } = { spanId: undefined, ...trace }
  request.log = request.log.child({ trace_id: traceId, ...spanId !== undefined && { span_id: spanId } })
  return { trace }
}
