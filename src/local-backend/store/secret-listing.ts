import type { Scope } from '#src/local-backend/scope'
import { notExpired, secretColumns, type Secret } from './secrets.ts'
import type { Store } from './store.ts'

/** The sort keys for secrets. Secrets with equal keys are sorted by creation. */
export type Order = 'name' | 'createdAt' | 'changedAt' | 'accessedOn'

/** A position in a sorted listing: the sort key and the sequence number of a row. */
export interface Position {
  key: string | number
  sequence: number
}

/** The options of a listing of secrets. */
export interface SecretListing {
  order: Order
  direction: 'asc' | 'desc'
  /** True to include the secrets that are scheduled for deletion. */
  includeDeleted: boolean
  /** The position to continue after; undefined for the start. */
  after: Position | undefined
  now: number
}

const columns: Record<Order, string> = {
  name: 'name', createdAt: 'created_at', changedAt: 'changed_at', accessedOn: 'ifnull(accessed_on, 0)'
}

const directions = { asc: { keyword: 'ASC', comparison: '>' }, desc: { keyword: 'DESC', comparison: '<' } }

/** Returns the secrets in a scope lazily, in the requested order. */
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
