import type { FastifyRequest } from 'fastify'
import { compact } from '#src/json/compact'
import type { Span, Trace } from '#src/tracing/span'
import type { TraceContext } from '#src/tracing/trace-context'
import type { Tracer } from '#src/tracing/tracer'

/** The methods that OpenTelemetry's conventions list. All others are recorded as `_OTHER`. */
const methods: ReadonlySet<string> = new Set(['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'QUERY', 'TRACE'])

/**
 * Begins the span of a request. It contains the pattern of the route's path instead of the URL, because a caller can put anything
 * into a URL, even a secret's value.
 */
export function routeSpan (tracer: Tracer, request: FastifyRequest, context: TraceContext | undefined): Trace {
  const { is404, routeOptions: { url } } = request
  const method = methods.has(request.method) ? request.method : '_OTHER'
  const route = is404 ? undefined : url
  const name = [method === '_OTHER' ? 'HTTP' : method, route ?? []].flat().join(' ')
  return tracer.begin(name, context, compact({
    'http.request.method': method,
    'http.route': route,
    'url.scheme': request.protocol
  }))
}

/** The end of a request: the status of its reply, and the problem if there is one. */
export interface End {
  readonly status: number
  readonly code?: string | undefined
}

/** Ends the span of a request. According to OpenTelemetry's conventions, only a failure of the server counts as an error. */
export function endRequestSpan (span: Span, { found, outcome }: FastifyRequest, { status, code }: End): void {
  span.set(compact({
    'http.response.status_code': status,
    'secrets_gateway.operation': found.route?.operationId,
    'secrets_gateway.environment': found.environment?.name,
    'secrets_gateway.problem': code,
    'secrets_gateway.cache': outcome?.cache,
    'secrets_gateway.job': outcome?.job,
    // Another request's call may have answered this request. Its span is then part of the other trace, and this ID connects the
    // two.
    'aws.request_id': found.evidence?.awsRequestIds
  }))
  span.end(status >= 500 ? code ?? String(status) : undefined)
}
