import { declaredLength } from '#src/http/declared-length'
import { invalidRequest, Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * The methods whose body Fastify does not read. For other methods, `refuseUnsuitableBody` and plugins/body.ts refuse a body that
 * the route does not take.
 */
const withoutBody = new Set(['GET', 'HEAD'])

/** Headers that change the meaning of a request. A route must refuse unsupported ones instead of ignoring them. */
const meaningful = [
  'aws-credential-id', 'idempotency-key', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'
]

/**
 * Refuses a request in three cases. On public routes, only the first two apply.
 * - A GET or HEAD request has a body.
 * - The request has the header `Content-Encoding`.
 * - The request has one of the `meaningful` headers, but the route does not support that header.
 */
export const refuseUnknownHeaders: Step = ({ method, headers, route: { config } }): undefined => {
  const { action, headers: known = [] } = config
  if (withoutBody.has(method) && declaredLength(headers) > 0) {
    throw invalidRequest({ in: 'body', pointer: '', message: 'is not supported by this route' })
  }
  if (headers['content-encoding'] !== undefined) throw new Problem('unsupported-media-type')
  if (action === 'Public') return
  for (const name of meaningful) {
    if (headers[name] !== undefined && !known.includes(name)) {
      throw invalidRequest({ in: 'header', pointer: `/${name}`, message: 'is not supported by this route' })
    }
  }
}
