import { isIP } from 'node:net'
import { isForwarding } from '#src/http/forwarding'
import { invalidRequest } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Returns true for the address of a trusted proxy. */
export type TrustsProxy = (address: string) => boolean

/**
 * Finds the address that the request came from: the connection's peer, or the address that a trusted proxy reports. Refuses
 * forwarding headers that do not come from a trusted proxy. If such headers were trusted, a caller could forge its address. If
 * they were ignored, all callers behind a proxy that is missing from the configuration would have the address of that proxy.
 */
export const findPeer = (trustsProxy: TrustsProxy): Step => (request) => {
  const address = request.raw.socket.remoteAddress ?? ''
  const header = forwardingHeader(request.headers)
  if (header === undefined) return { peer: address }
  const refusal = (message: string): Error => invalidRequest({ in: 'header', pointer: `/${header}`, message })
  if (!trustsProxy(address)) throw refusal('is taken from a trusted proxy alone')
  const { ip } = request
  if (isIP(ip) === 0) throw refusal('has no IP address where the caller\'s should be')
  return { peer: ip }
}

function forwardingHeader (headers: object): string | undefined {
  for (const header in headers) {
    if (isForwarding(header)) return header
  }
  return undefined
}
