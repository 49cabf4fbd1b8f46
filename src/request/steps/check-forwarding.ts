import { isIP } from 'node:net'
import { invalidRequest } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Returns true for the address of a trusted proxy. */
export type TrustsProxy = (address: string) => boolean

const isForwarding = (header: string): boolean => header === 'forwarded' || header.startsWith('x-forwarded-')

/**
 * Refuses forwarding headers unless they come from a trusted proxy. Otherwise a caller could forge its address, or all callers
 * behind a proxy that is missing from the configuration would share the proxy's address.
 */
export const checkForwarding = (trustsProxy: TrustsProxy): Step => ({ headers, raw, ip }): undefined => {
  for (const header in headers) {
    if (!isForwarding(header)) continue
    const refusal = (message: string): Error => invalidRequest({ in: 'header', pointer: `/${header}`, message })
    if (!trustsProxy(raw.socket.remoteAddress ?? '')) throw refusal('is taken from a trusted proxy alone')
    if (isIP(ip) === 0) throw refusal('has no IP address where the caller\'s should be')
  }
}
