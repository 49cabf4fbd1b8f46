import type { FastifyRequest } from 'fastify'
import type { Limiter } from '#src/http/rate-limit'
import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** The values of `Sec-Fetch-Site` for requests that a page of the gateway, or the user, has caused. */
const ownSites: ReadonlySet<unknown> = new Set(['same-origin', 'none'])

/**
 * Refuses a request that a page of another site has caused, if only a client certificate identifies the caller. A browser
 * presents the certificate by itself, so it proves who owns the browser, not who wanted the request. A token proves both,
 * because a page of another site does not know it. Reading requests are refused as well: the other site does not get the reply,
 * but it would decide what the audit trail says about the caller.
 *
 * @param limitFailures counts a refused request against the address, as a failed authentication, and not against the caller,
 *   because other sites could otherwise use up the caller's limit
 * @throws Problem `rate-limited` instead of `cross-site-request` after too many failures
 */
export const refuseCrossSite = (limitFailures: Limiter): Step => (request, reply) => {
  if (request.caller.method !== 'mtls') return undefined
  const reason = foreignHeader(request)
  if (reason === undefined) return undefined
  return limitFailures(request, reply).then(() => { throw new Problem('cross-site-request', { reason }) })
}

/** Returns the name of the header that shows that another site has caused the request. Browsers don't let pages set it. */
function foreignHeader ({ headers: { origin, host = '', 'sec-fetch-site': site } }: FastifyRequest): string | undefined {
  if (site !== undefined && !ownSites.has(site)) return 'sec-fetch-site'
  if (origin !== undefined && origin !== ownOrigin(host)) return 'origin'
  return undefined
}

/** Returns the origin of the gateway's own pages. Client certificates exist only with TLS, so its scheme is `https`. */
const ownOrigin = (host: string): string | undefined => URL.parse(`https://${host}`)?.origin
