import { clientAddress, type TrustsProxy } from '#src/http/client-address'
import type { Step } from '#src/request/step'

/** Finds the client's address. Runs before all checks, so that the audit records of refused requests contain it, too. */
export const findPeer = (trustsProxy: TrustsProxy): Step => ({ raw }) => ({ peer: clientAddress(raw, trustsProxy) })
