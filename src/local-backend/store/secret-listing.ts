import type { Scope } from '#src/local-backend/scope'
import { isThere, secretColumns, type Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** What secrets can be sorted by; those that are equal in it stay in the order in which they were made. */
export type Order = 'name' | 'createdAt' | 'changedAt' | 'accessedOn'

/** A place in a listing: what it is sorted by, and the sequence number of a row. */
export interface Position {
  key: string | number
  sequence: number
}

/** Which secrets to list, and how. */
export interface SecretListing {
  order: Order
  direction: 'asc' | 'desc'
  /** Whether to list those that are scheduled for deletion too. */
  includeDeleted: boolean
  /** Where to go on. */
  after: Position | undefined
  now: number
}

const columns: Record<Order, string> = {
  name: 'name', createdAt: 'created_at', changedAt: 'changed_at', accessedOn: 'ifnull(accessed_on, 0)'
}

const directions = { asc: { word: 'ASC', behind: '>' }, desc: { word: 'DESC', behind: '<' } }

/** A scope's secrets, in an order, row by row. */
export function listSecrets (
  { database }: Store, scope: Scope, { order, direction, includeDeleted, after, now }: SecretListing
): Iterable<Secret> {
  const column = columns[order]
  const { word, behind } = directions[direction]
  return database.statement<Secret>(`
    SELECT ${secretColumns} FROM secrets
    WHERE account_id = $accountId AND region = $region
      AND ${isThere} ${includeDeleted ? '' : 'AND purge_at IS NULL'}
      ${after === undefined ? '' : `AND (${column}, sequence) ${behind} ($key, $sequence)`}
    ORDER BY ${column} ${word}, sequence ${word}`
  ).iterate({ ...scope, now, ...after })
}
