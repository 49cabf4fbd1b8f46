import type { FastifyRequest } from 'fastify'
import type { Limiter } from '#src/http/rate-limit'
import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** The values of `Sec-Fetch-Site` for requests from the gateway's own pages, or directly from the user. */
const ownSites: ReadonlySet<unknown> = new Set(['same-origin', 'none'])

/**
 * Refuses a request that a page of another site has caused, if only a client certificate identifies the caller. A browser
 * presents the certificate with every request, so the certificate does not prove that its owner wanted the request. A token does,
 * because other sites don't know it. Requests that only read are refused as well: the other site would not get the reply, but its
 * requests would appear in the audit trail as the caller's.
 *
 * @param limitFailures counts a refused request as a failed authentication from the caller's address. The request does not count
 * against the caller's own limit, because other sites could otherwise use up that limit.
 * @throws Problem `rate-limited` instead of `cross-site-request` after too many failures
 */
export const refuseCrossSite = (limitFailures: Limiter): Step => (request, reply) => {
  if (request.caller.method !== 'mtls') return undefined
  const reason = foreignHeader(request)
  if (reason === undefined) return undefined
  const problem = new Problem('cross-site-request', { reason })
  const limited = limitFailures(request, reply)
  if (limited === undefined) throw problem
  return limited.then(() => { throw problem })
}

/**
 * Returns the name of a header that shows that another site has caused the request, if there is one. Pages can't set or remove
 * such a header.
 */
function foreignHeader ({ headers: { origin, host = '', 'sec-fetch-site': site } }: FastifyRequest): string | undefined {
  if (site !== undefined && !ownSites.has(site)) return 'sec-fetch-site'
  if (origin !== undefined && origin !== ownOrigin(host)) return 'origin'
  return undefined
}

/** Returns the origin of the gateway's own pages. The scheme is `https`, because there are no client certificates without TLS. */
const ownOrigin = (host: string): string | undefined => URL.parse(`https://${host}`)?.origin
