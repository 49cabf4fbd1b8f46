import type { FastifyRequest } from 'fastify'
import t from 'tap'
import { endRequestSpan, routeSpan } from '#src/request/request-span'
import type { Attributes, Span } from '#src/tracing/span'
import type { Tracer } from '#src/tracing/tracer'

/** Returns the name and the attributes of the span of a request. */
function begun (request: Partial<FastifyRequest>): [name: string, attributes: Attributes] {
  let found: [string, Attributes] = ['', {}]
  const tracer: Pick<Tracer, 'begin'> = {
    begin (name, _context, attributes) {
      found = [name, attributes]
      return { traceId: '' }
    }
  }
  routeSpan(tracer as Tracer, { protocol: 'http', ...request } as FastifyRequest, undefined)
  return found
}

/** Returns what ends the span of a request with this reply. */
function ended (status: number, code?: string): string | undefined {
  let found: string | undefined
  const span: Pick<Span, 'set' | 'end'> = { set: () => undefined, end: (failure) => { found = failure } }
  endRequestSpan(span as Span, { found: {} } as FastifyRequest, { status, code })
  return found
}

const url = '/environments/:env'

t.test('a span is named after the method and the route, as far as they are known', async (t) => {
  const routeOptions = { url } as FastifyRequest['routeOptions']
  t.same(begun({ method: 'GET', is404: false, routeOptions }), [`GET ${url}`, { 'http.request.method': 'GET', 'http.route': url, 'url.scheme': 'http' }])
  t.same(begun({ method: 'GET', is404: true, routeOptions }), ['GET', { 'http.request.method': 'GET', 'url.scheme': 'http' }], 'not after a URL that a caller has made up')
  t.same(begun({ method: 'PROPFIND', is404: true, routeOptions }), ['HTTP', { 'http.request.method': '_OTHER', 'url.scheme': 'http' }])
})

t.test('only a failure of the server ends a span as an error', async (t) => {
  t.equal(ended(200), undefined)
  t.equal(ended(404, 'secret-not-found'), undefined)
  t.equal(ended(502, 'aws-unavailable'), 'aws-unavailable')
  t.equal(ended(500), '500')
})
