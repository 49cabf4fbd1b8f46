import { createHash } from 'node:crypto'
import { errors } from '#src/aws-protocol/errors'
import { seal, unseal } from '#src/local-backend/store/sealing'
import type { Position } from '#src/local-backend/store/secret-listing'
import type { Store } from '#src/local-backend/store/store'

/** A request for one page of a listing. */
export interface PageRequest<Row> {
  /** Everything that identifies the listing. The token of one listing is invalid for another. */
  listing: readonly unknown[]
  nextToken: string | undefined
  maxResults: number
  /** Returns the rows after a position, or all rows, in the listing's order. */
  rows: (after: Position | undefined) => Iterable<Row>
  position: (row: Row) => Position
}

/** One page of a listing. */
export interface Page<Row> {
  rows: Row[]
  nextToken?: string
}

/**
 * Returns one page of a listing. `nextToken` is set if more rows follow. It contains an encrypted position, so it stays valid
 * when rows are added or deleted and after a restart.
 *
 * @throws AwsError `InvalidNextTokenException` if the token does not belong to this listing
 */
export function cutPage<Row> (store: Store, request: PageRequest<Row>): Page<Row> {
  const { listing, nextToken, maxResults, rows, position } = request
  const tokenContext = ['next-token', createHash('sha256').update(JSON.stringify(listing)).digest('hex')]
  const after = nextToken === undefined ? undefined : openToken(store, tokenContext, nextToken)
  const page: Row[] = []
  for (const row of rows(after)) {
    const last = page.at(-1)
    if (last !== undefined && page.length === maxResults) {
      const sealed = seal(store.pageTokenKey, tokenContext, Buffer.from(JSON.stringify(position(last))))
      return { rows: page, nextToken: Buffer.from(sealed).toString('base64url') }
    }
    page.push(row)
  }
  return { rows: page }
}

function openToken (store: Store, tokenContext: readonly string[], token: string): Position {
  const opened = unseal(store.pageTokenKey, tokenContext, Buffer.from(token, 'base64url'))
  if (opened === undefined) throw errors.invalidNextToken()
  // The token is authenticated, so this program must have written the JSON.
  return JSON.parse(opened.toString()) as Position
}
