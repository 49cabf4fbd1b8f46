import { createHash } from 'node:crypto'
import { errors } from '#src/aws-protocol/errors'
import { seal, unseal } from '#src/local-backend/store/sealing'
import type { Position } from '#src/local-backend/store/secret-listing'
import type { Store } from '#src/local-backend/store/store'

/** One page to cut from a listing. */
export interface PageRequest<Row> {
  /** All that makes the listing what it is; a token of one listing is of no use in another. */
  listing: readonly unknown[]
  nextToken: string | undefined
  maxResults: number
  /** The rows behind a position, or all, in the listing's order. */
  rows: (after: Position | undefined) => Iterable<Row>
  position: (row: Row) => Position
}

/** One page of a listing. */
export interface Page<Row> {
  rows: Row[]
  nextToken?: string
}

/**
 * Cuts a page. `nextToken` is there if more rows follow; it names a position, sealed, so it holds while rows come and go
 * and after a restart. Throws InvalidNextTokenException for a token that isn't this listing's.
 */
export function cutPage<Row> (store: Store, request: PageRequest<Row>): Page<Row> {
  const { listing, nextToken, maxResults, rows, position } = request
  const place = ['next-token', createHash('sha256').update(JSON.stringify(listing)).digest('hex')]
  const after = nextToken === undefined ? undefined : openToken(store, place, nextToken)
  const page: Row[] = []
  for (const row of rows(after)) {
    const last = page.at(-1)
    if (last !== undefined && page.length === maxResults) {
      const sealed = seal(store.pageTokenKey, place, Buffer.from(JSON.stringify(position(last))))
      return { rows: page, nextToken: Buffer.from(sealed).toString('base64url') }
    }
    page.push(row)
  }
  return { rows: page }
}

function openToken (store: Store, place: readonly string[], token: string): Position {
  const opened = unseal(store.pageTokenKey, place, Buffer.from(token, 'base64url'))
  if (opened === undefined) throw errors.invalidNextToken()
  // Only this program can have sealed it.
  return JSON.parse(opened.toString()) as Position
}
