import type { Scope } from '#src/local-backend/scope'
import { notExpired, secretColumns, type Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** The fields by which secrets can be sorted. Secrets with equal values are sorted by order of creation. */
export type Order = 'name' | 'createdAt' | 'changedAt' | 'accessedOn'

/** A position in a sorted listing, given by the sort key and sequence number of a row. */
export interface Position {
  key: string | number
  sequence: number
}

export interface SecretListing {
  order: Order
  direction: 'asc' | 'desc'
  /** True to include the secrets that are scheduled for deletion. */
  includeDeleted: boolean
  /** The position of the last row before the requested ones; undefined to start at the beginning. */
  after: Position | undefined
  now: number
}

const columns: Record<Order, string> = {
  name: 'name', createdAt: 'created_at', changedAt: 'changed_at', accessedOn: 'ifnull(accessed_on, 0)'
}

const directions = { asc: { keyword: 'ASC', comparison: '>' }, desc: { keyword: 'DESC', comparison: '<' } }

/** Returns the secrets in an account and region, in the requested order. Rows are read lazily. */
export function listSecrets (
  { database }: Store, scope: Scope, { order, direction, includeDeleted, after, now }: SecretListing
): Iterable<Secret> {
  const column = columns[order]
  const { keyword, comparison } = directions[direction]
  return database.statement<Secret>(`
    SELECT ${secretColumns} FROM secrets
    WHERE account_id = $accountId AND region = $region
      AND ${notExpired} ${includeDeleted ? '' : 'AND purge_at IS NULL'}
      ${after === undefined ? '' : `AND (${column}, sequence) ${comparison} ($key, $sequence)`}
    ORDER BY ${column} ${keyword}, sequence ${keyword}`
  ).iterate({ ...scope, now, ...after })
}
