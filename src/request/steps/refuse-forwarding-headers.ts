import { reportedAddress, type TrustsProxy } from '#src/http/client-address'
import { isForwarding } from '#src/http/forwarding'
import { invalidRequest } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * Refuses forwarding headers that do not come from a trusted proxy. If such headers were trusted, a caller could forge its
 * address. If they were ignored, all callers behind a proxy that is missing from the configuration would share the proxy's
 * address. Also refuses a request if a trusted proxy reports something other than an address.
 */
export const refuseForwardingHeaders = (trustsProxy: TrustsProxy): Step => ({ raw }): undefined => {
  const header = forwardingHeader(raw.headers)
  if (header === undefined) return
  const refusal = (message: string): Error => invalidRequest({ in: 'header', pointer: `/${header}`, message })
  if (!trustsProxy(raw.socket.remoteAddress ?? '')) throw refusal('is accepted from a trusted proxy only')
  if (reportedAddress(raw, trustsProxy) === undefined) throw refusal('must contain the caller\'s IP address')
}

function forwardingHeader (headers: object): string | undefined {
  for (const header in headers) {
    if (isForwarding(header)) return header
  }
  return undefined
}
