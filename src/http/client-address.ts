import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** Returns true if the address belongs to a trusted proxy. */
export type TrustsProxy = (address: string) => boolean

/**
 * Returns the client's address from `X-Forwarded-For`: the last address that does not belong to a trusted proxy. A client can't
 * forge it, because each proxy appends the address that it received the request from. Without a trusted proxy, returns the
 * address of the connection's peer. Returns undefined if the entry is not an IP address.
 */
export function reportedAddress ({ headers, socket }: IncomingMessage, trustsProxy: TrustsProxy): string | undefined {
  const { remoteAddress = '' } = socket
  const forwarded = headers['x-forwarded-for']
  if (forwarded === undefined || !trustsProxy(remoteAddress)) return remoteAddress
  const hops = String(forwarded).split(',').map((hop) => hop.trim())
  const client = hops.findLast((hop) => !trustsProxy(hop)) ?? hops[0] ?? ''
  return isIP(client) === 0 ? undefined : client
}

/** Returns the client's address or, if the proxies don't report one, the address of the connection's peer. */
export const clientAddress = (request: IncomingMessage, trustsProxy: TrustsProxy): string =>
  reportedAddress(request, trustsProxy) ?? request.socket.remoteAddress ?? ''
