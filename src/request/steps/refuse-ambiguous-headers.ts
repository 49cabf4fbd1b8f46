import { invalidRequest, Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * The headers that a request must not repeat. If one of them is repeated, Node.js uses only the first value, or joins the values.
 * Other headers, such as `Accept`, may be repeated, because HTTP defines their values as lists. `Content-Length` is not in this
 * list, because Node.js itself refuses a repeated one.
 */
const single = [
  'authorization', 'aws-credential-id', 'content-encoding', 'content-type', 'date', 'expect', 'from', 'host', 'idempotency-key',
  'if-match', 'if-modified-since', 'if-none-match', 'if-range', 'if-unmodified-since', 'last-event-id', 'max-forwards', 'origin',
  'proxy-authorization', 'range', 'referer', 'sec-fetch-site', 'transfer-encoding', 'user-agent', 'x-request-id'
]

/**
 * Refuses a request if its `Host` header is missing, if the request line names another host, if a header that must be unique is
 * repeated, or if its `Expect` header is anything other than `100-continue`.
 */
export const refuseAmbiguousHeaders: Step = ({ headers, raw: { url = '', rawHeaders } }): undefined => {
  const { host, expect } = headers
  if (host === undefined) throw new Problem('malformed-request')
  for (const name of single) {
    if (headers[name] !== undefined && isRepeated(name, rawHeaders)) {
      throw invalidRequest({ in: 'header', pointer: `/${name}`, message: 'must NOT be given more than once' })
    }
  }
  if (!url.startsWith('/') && !namesHost(url, host)) {
    throw invalidRequest({ in: 'header', pointer: '/host', message: 'must be the host that the request line names' })
  }
  if (expect !== undefined && expect.toLowerCase() !== '100-continue') throw new Problem('expectation-failed')
}

/** Returns true if an absolute URL has the same host and port as a `Host` header, which may contain the scheme's default port. */
function namesHost (url: string, host: string): boolean {
  const target = URL.parse(url)
  return target !== null && target.host === URL.parse(`${target.protocol}//${host}`)?.host
}

/** @param rawHeaders the headers as they were sent: names and values alternate */
function isRepeated (name: string, rawHeaders: readonly string[]): boolean {
  const isName = (text: string, index: number): boolean =>
    index % 2 === 0 && text.length === name.length && text.toLowerCase() === name
  return rawHeaders.findIndex(isName) !== rawHeaders.findLastIndex(isName)
}
