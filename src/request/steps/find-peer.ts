import { clientAddress, type TrustsProxy } from '#src/http/client-address'
import type { Step } from '#src/request/step'

/** Finds the address that the request came from. It is found even for a request that is refused because of its headers. */
export const findPeer = (trustsProxy: TrustsProxy): Step => ({ raw }) => ({ peer: clientAddress(raw, trustsProxy) })
