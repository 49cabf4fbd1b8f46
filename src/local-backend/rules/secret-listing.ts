import { type OperationContext } from './context.ts'
import { type Input } from '../protocol/input.ts'
import { secretColumns, type Secret } from '../store/secrets.ts'
import { passesFilters } from './filters.ts'
import { cutPage, type Page, type Position } from './page.ts'

type ListInput = Input<'ListSecrets'>
type SortBy = NonNullable<ListInput['SortBy']>

/** What each of AWS's orders sorts by; secrets that are equal in it stay in the order in which they were made. */
const sortKeys: Record<SortBy, { column: string, of: (secret: Secret) => string | number }> = {
  name: { column: 'name', of: ({ name }) => name },
  'created-date': { column: 'created_at', of: ({ createdAt }) => createdAt },
  'last-changed-date': { column: 'changed_at', of: ({ changedAt }) => changedAt },
  'last-accessed-date': { column: 'ifnull(accessed_on, 0)', of: ({ accessedOn }) => accessedOn ?? 0 }
}

const directions = { asc: { word: 'ASC', behind: '>' }, desc: { word: 'DESC', behind: '<' } }

/**
 * One page of the account's secrets in the region: filtered, in the order asked for (by default as they were made), without
 * those scheduled for deletion unless they are asked for. `operation` keeps the tokens of two operations apart.
 */
export function listSecretsPage (
  context: OperationContext, operation: string, input: ListInput, maxResults: number
): Page<Secret> {
  const { store, scope } = context
  const { Filters = [], SortBy = 'created-date', SortOrder = 'asc', IncludePlannedDeletion = false } = input
  return cutPage(store, {
    listing: [operation, scope.accountId, scope.region, Filters, SortBy, SortOrder, IncludePlannedDeletion],
    nextToken: input.NextToken,
    maxResults,
    position: (secret) => ({ key: sortKeys[SortBy].of(secret), sequence: secret.sequence }),
    rows: function* (after) {
      for (const secret of secretsBehind(context, after, SortBy, SortOrder, IncludePlannedDeletion)) {
        if (passesFilters(store, scope, secret, Filters)) yield secret
      }
    }
  })
}

function secretsBehind (
  { store, scope }: OperationContext,
  after: Position | undefined,
  sortBy: SortBy,
  order: keyof typeof directions,
  includeDeleted: boolean
): Iterable<Secret> {
  const { column } = sortKeys[sortBy]
  const { word, behind } = directions[order]
  return store.database.statement<Secret>(`
    SELECT ${secretColumns} FROM secrets
    WHERE account_id = $accountId AND region = $region
      ${includeDeleted ? '' : 'AND purge_at IS NULL'}
      ${after === undefined ? '' : `AND (${column}, sequence) ${behind} ($key, $sequence)`}
    ORDER BY ${column} ${word}, sequence ${word}`
  ).iterate({ ...scope, ...after })
}
