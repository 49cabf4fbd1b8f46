import { shapes } from '#src/aws-model/shapes'
import { invalidRequest, Problem } from '#src/problems/problem'
import { seal, sealingKeyBytes, unseal, type Seal } from '#src/sealing/sealed'
import type { Scope } from './scope.ts'

/** The list that a cursor belongs to. A cursor is refused if it is used for any other list. */
export interface Listing {
  readonly scope: Pick<Scope, 'callerId' | 'environment' | 'credentialId'>
  readonly operation: string
  /**
   * The parameters that determine the list's items and their order. `limit` is not among them, because pages may differ in size.
   */
  readonly query: object
  /** The part of the request that contains the cursor. Defaults to the query string. */
  readonly cursorIn?: 'body'
}

/** The position at which a page of the gateway begins, relative to AWS's pages. */
export interface Place {
  /** AWS's token for the page. Absent for AWS's first page. */
  awsPage?: string
  /**
   * The number of items on AWS's page that earlier pages of the gateway have listed or, if the items are unaddressable, counted.
   * Items that the caller may not see are not included.
   */
  seen: number
  /** A digest of the last item that `seen` counts. Absent if `seen` is 0. */
  last?: string
}

/** Writes and reads the cursors of lists. A cursor contains the position at which the next page begins. */
export interface Cursors {
  /** @throws Problem `aws-unavailable` if AWS's token is longer than AWS permits */
  seal: (listing: Listing, place: Place) => string
  /**
   * @throws Problem `invalid-request` if the cursor belongs to another list, was changed or has expired; the problem's text does
   *   not say which
   */
  open: (listing: Listing, cursor: string) => Place
}

/** The size of a key, in bytes. */
export const cursorKeyBytes = sealingKeyBytes

/** The time for which a cursor is accepted, in milliseconds. */
const lifetime = 24 * 60 * 60 * 1_000

const sealOf = (key: Uint8Array): Seal => ({ key, purpose: 'secrets-gateway cursor 1' })

/**
 * The size of a cursor's content, in bytes. The content of every cursor is padded to this size. Otherwise the cursor's length
 * would reveal whether it contains AWS's token, and how long the token is. Both depend on secrets that the caller may not see.
 * The size is enough for the longest token that AWS permits, and the other members.
 */
const contentBytes = shapes.NextTokenType.max + 512

/**
 * Creates the functions that write and read cursors. A cursor is encrypted, because it contains AWS's token, which depends on
 * secrets that the caller may not see.
 *
 * @param keys returns the current keys. The first key encrypts new cursors. Cursors encrypted with any of the keys are accepted,
 * for key rotation.
 * @param now returns the time in milliseconds since the epoch
 */
export function createCursors (keys: () => readonly [Uint8Array, ...Uint8Array[]], now: () => number): Cursors {
  return {
    seal (listing, place) {
      const content = JSON.stringify({ place, expires: now() + lifetime })
      return seal(sealOf(keys()[0]), contextOf(listing), padded(content)).toString('base64url')
    },
    open (listing, cursor) {
      const sealed = Buffer.from(cursor, 'base64url')
      // Base64 can spell the same bytes in several ways. Only the gateway's own spelling is accepted.
      const candidates = sealed.toString('base64url') === cursor ? keys() : []
      for (const key of candidates) {
        const opened = unseal(sealOf(key), contextOf(listing), sealed)
        if (opened === undefined) continue
        // The cursor could be decrypted with this key. So a gateway has written the JSON for the same operation, and its type is
        // known.
        const { place, expires } = JSON.parse(opened.toString()) as { place: Place, expires: number }
        if (now() < expires) return place
      }
      throw invalidRequest({ in: listing.cursorIn ?? 'query', pointer: '/cursor', message: 'is no cursor of this list' })
    }
  }
}

function contextOf ({ scope: { callerId, environment, credentialId }, operation, query }: Listing): Buffer {
  const parameters = Object.entries(query).sort(([one], [other]) => one < other ? -1 : 1)
  return Buffer.from(JSON.stringify([operation, callerId, environment.name, credentialId, parameters]))
}

/**
 * Appends spaces, which JSON ignores, up to `contentBytes`.
 *
 * @throws Problem `aws-unavailable` if the token is longer than AWS permits, because AWS would not send such a token
 */
function padded (json: string): Buffer {
  const bytes = Buffer.byteLength(json)
  if (bytes > contentBytes) throw new Problem('aws-unavailable', { awsError: 'OverlongToken' })
  return Buffer.alloc(contentBytes, ' ').fill(json, 0, bytes)
}
