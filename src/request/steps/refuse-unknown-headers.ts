import { invalidRequest, Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Headers that change the meaning of a request. A route must refuse those that it does not support, instead of ignoring them. */
const meaningful = [
  'aws-credential-id', 'idempotency-key', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since', 'if-range'
]

/**
 * Refuses headers that the route would ignore although the caller relies on them. Public routes refuse only `Content-Encoding`.
 */
export const refuseUnknownHeaders: Step = ({ headers, route: { config: { action, headers: known = [] } } }): undefined => {
  if (headers['content-encoding'] !== undefined) throw new Problem('unsupported-media-type')
  if (action === 'Public') return
  for (const name of meaningful) {
    if (headers[name] !== undefined && !known.includes(name)) {
      throw invalidRequest({ in: 'header', pointer: `/${name}`, message: 'is not taken by this route' })
    }
  }
}
