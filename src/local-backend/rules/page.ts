import { createHash } from 'node:crypto'
import { errors } from '#src/aws-protocol/errors'
import { seal, unseal } from '#src/local-backend/store/sealing'
import type { Position } from '#src/local-backend/store/secret-listing'
import type { Store } from '#src/local-backend/store/store'

/** A request for one page of a listing. */
export interface PageRequest<Row> {
  /** The values that identify the listing. A page token is valid only for the listing that returned it. */
  listing: readonly unknown[]
  nextToken: string | undefined
  /** The number of rows to put on the page. It can be 0. */
  maxResults: number
  /** Returns the rows after a position, in the listing's order. Returns all rows if the position is undefined. */
  rows: (after: Position | undefined) => Iterable<Row>
  position: (row: Row) => Position
}

/** One page of a listing. */
export interface Page<Row> {
  rows: Row[]
  nextToken?: string
}

/**
 * Returns one page of a listing. `nextToken` is set if there are more rows. It is the encrypted position of the page's last row
 * or, if the page is empty, of the previous page's last row. So it remains valid when rows are added or deleted, and when the
 * backend restarts.
 *
 * @throws AwsError `InvalidNextTokenException` if the token doesn't belong to this listing
 */
export function cutPage<Row> (store: Store, request: PageRequest<Row>): Page<Row> {
  const { listing, nextToken, maxResults, rows, position } = request
  const tokenContext = ['next-token', createHash('sha256').update(JSON.stringify(listing)).digest('hex')]
  const after = nextToken === undefined ? undefined : openToken(store, tokenContext, nextToken)
  const page: Row[] = []
  for (const row of rows(after)) {
    if (page.length === maxResults) {
      const last = page.at(-1)
      const reached = last === undefined ? after : position(last)
      const sealed = seal(store.pageTokenKey, tokenContext, Buffer.from(JSON.stringify(reached ?? null)))
      return { rows: page, nextToken: Buffer.from(sealed).toString('base64url') }
    }
    page.push(row)
  }
  return { rows: page }
}

function openToken (store: Store, tokenContext: readonly string[], token: string): Position | undefined {
  const opened = unseal(store.pageTokenKey, tokenContext, Buffer.from(token, 'base64url'))
  if (opened === undefined) throw errors.invalidNextToken()
  // The token is authenticated, so this backend must have written the JSON.
  return (JSON.parse(opened.toString()) as Position | null) ?? undefined
}
