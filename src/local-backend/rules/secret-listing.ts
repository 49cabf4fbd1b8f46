import type { Input } from '#src/aws-protocol/input'
import { listSecrets, type Order } from '#src/local-backend/store/secret-listing'
import type { Secret } from '#src/local-backend/store/secrets'
import type { OperationContext } from './context.ts'
import { filterBy } from './filters.ts'
import { cutPage, type Page } from './page.ts'

type ListInput = Input<'ListSecrets'>

/** The sort key for each of AWS's values of `SortBy`. */
const orders: Record<NonNullable<ListInput['SortBy']>, Order> = {
  name: 'name',
  'created-date': 'createdAt',
  'last-changed-date': 'changedAt',
  'last-accessed-date': 'accessedOn'
}

/**
 * Returns one page of the account's secrets in the region, filtered and sorted. The default is to sort by creation date. Secrets
 * that are scheduled for deletion are included only if `IncludePlannedDeletion` is true.
 *
 * @param operation the name of the operation; page tokens are valid only for the operation that returned them
 */
export function listSecretsPage (
  { store, scope, now, faults }: OperationContext, operation: string, input: ListInput, maxResults: number
): Page<Secret> {
  const { Filters = [], SortBy = 'created-date', SortOrder = 'asc', IncludePlannedDeletion = false } = input
  const order = orders[SortBy]
  const passes = filterBy(store, Filters)
  return cutPage(store, {
    listing: [operation, scope.accountId, scope.region, Filters, SortBy, SortOrder, IncludePlannedDeletion],
    nextToken: input.NextToken,
    maxResults: faults.pageLength(maxResults),
    position: (secret) => ({ key: secret[order] ?? 0, sequence: secret.sequence }),
    rows: function* (after) {
      const listing = { order, direction: SortOrder, includeDeleted: IncludePlannedDeletion, after, now }
      for (const secret of listSecrets(store, scope, listing)) {
        if (passes(secret)) yield secret
      }
    }
  })
}
