import { invalidRequest, Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Headers that must not be repeated. Node.js would use the first of several values, or join them. */
const single = [
  'authorization', 'aws-credential-id', 'content-type', 'idempotency-key', 'if-match', 'if-none-match', 'x-request-id'
]

/**
 * Refuses a request if its `Host` header is missing, if a header that must be unique is repeated, or if its `Expect` header is
 * anything other than `100-continue`.
 */
export const refuseAmbiguousHeaders: Step = ({ headers, raw: { rawHeaders } }): undefined => {
  const { host, expect } = headers
  if (host === undefined) throw new Problem('malformed-request')
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') throw new Problem('expectation-failed')
  for (const name of single) {
    if (headers[name] !== undefined && isRepeated(name, rawHeaders)) {
      throw invalidRequest({ in: 'header', pointer: `/${name}`, message: 'must NOT be given more than once' })
    }
  }
}

/** @param rawHeaders alternating names and values of the headers, as they were sent */
function isRepeated (name: string, rawHeaders: readonly string[]): boolean {
  const isName = (text: string, index: number): boolean =>
    index % 2 === 0 && text.length === name.length && text.toLowerCase() === name
  return rawHeaders.findIndex(isName) !== rawHeaders.findLastIndex(isName)
}
