import { invalidRequest, Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Headers that must not be repeated. Node.js would use the first of several values, or join them. */
const single = new Set([
  'authorization', 'aws-credential-id', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'x-request-id'
])

/** Refuses a missing `Host` header, repeated headers that must be unique, and expectations that the gateway can't meet. */
export const refuseAmbiguousHeaders: Step = ({ headers: { host, expect }, raw }): undefined => {
  if (host === undefined) throw new Problem('malformed-request')
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') throw new Problem('expectation-failed')
  const seen = new Set<string>()
  const { rawHeaders } = raw
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    if (seen.has(name)) throw invalidRequest({ in: 'header', pointer: `/${name}`, message: 'must NOT be given more than once' })
    if (single.has(name)) seen.add(name)
  }
}
