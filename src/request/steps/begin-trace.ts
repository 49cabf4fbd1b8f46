import { routeSpan } from '#src/request/request-span'
import type { Step } from '#src/request/step'
import { traceContextFrom } from '#src/tracing/trace-context'
import type { Tracer } from '#src/tracing/tracer'

/**
 * Begins the span of the request, in the caller's trace if the request names one. Without a tracer, returns only the ID of the
 * caller's trace, for the log and the audit trail. Health probes have no trace.
 */
export const beginTrace = (tracer: Tracer | undefined): Step => (request) => {
  const { headers } = request
  if (tracer === undefined && headers.traceparent === undefined) return undefined
  if (request.routeOptions.config.servedWhenOverloaded === true) return undefined
  const context = traceContextFrom(headers)
  const trace = tracer === undefined ? context && { traceId: context.traceId } : routeSpan(tracer, request, context)
  return trace && { trace }
}
