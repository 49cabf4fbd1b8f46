import { clientAddress, type TrustsProxy } from '#src/http/client-address'
import type { Step } from '#src/request/step'

/** Finds the client's address. Runs before all checks, so that the records of refused requests have it as well. */
export const findPeer = (trustsProxy: TrustsProxy): Step => ({ raw }) => ({ peer: clientAddress(raw, trustsProxy) })
