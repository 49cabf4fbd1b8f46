import { addressGroup } from '#src/network/address-group'
import type { Holder } from './queue.ts'
import type { RequestEntry } from './record.ts'

/**
 * The fractions of the queue that can be used by one caller, by the unauthenticated requests from one address, and by all
 * unauthenticated requests. An address gets less than a caller, because anybody can send requests without a token.
 */
const shares = { caller: 1 / 8, address: 1 / 32, unauthenticated: 1 / 4 }

/** Returns the holders whose shares a request's records use up. All records of a request have the same caller and peer. */
export function holdersOf ([{ caller, peer = '' } = {}]: readonly Partial<RequestEntry>[]): Holder[] {
  if (caller !== undefined) return [{ id: `caller ${caller.id}`, share: shares.caller }]
  return [{ id: `address ${addressGroup(peer)}`, share: shares.address }, { id: 'unauthenticated', share: shares.unauthenticated }]
}
