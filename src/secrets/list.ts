import type { SortKey } from '#src/aws/port'
import { compact } from '#src/json/compact'
import { toMetadata } from './metadata.ts'
import type { SecretFilters, SecretMetadata } from './schemas.ts'
import type { Scope } from './scope.ts'

/** The sort orders of a list: a field, ascending, or descending after a hyphen. */
export type Sort = SortKey | `-${SortKey}`

export const sorts: readonly Sort[] = [
  'name', '-name', 'createdDate', '-createdDate', 'lastChangedDate', '-lastChangedDate', 'lastAccessedDate', '-lastAccessedDate'
]

function parseSort (sort: Sort): { by: SortKey, descending: boolean } {
  const descending = sort.startsWith('-')
  return { by: (descending ? sort.slice(1) : sort) as SortKey, descending }
}

export interface ListOptions extends SecretFilters {
  includePlannedDeletion?: boolean
  sort?: Sort
  limit?: number
  cursor?: string
}

export interface SecretsPage {
  items: SecretMetadata[]
  nextCursor?: string
}

/** The most pages of AWS's that one request reads to find a visible secret. */
const maximumPages = 20

/**
 * Returns a page of the environment's secrets that the caller may describe. It may hold fewer than `limit` although more pages
 * follow: AWS counts before the gateway removes secrets that the caller may not see.
 *
 * @throws Problem for any AWS error
 */
export async function listSecrets (scope: Scope, options: ListOptions): Promise<SecretsPage> {
  const { includePlannedDeletion, sort, limit, cursor, ...filters } = options
  let nextCursor = cursor
  for (let pages = 1; ; pages++) {
    const page = await scope.aws.listSecrets(scope, {
      filters, includePlannedDeletion, sort: sort && parseSort(sort), limit, cursor: nextCursor
    })
    const items = page.items.filter(({ name }) => scope.may('DescribeSecret', name)).map(toMetadata)
    nextCursor = page.nextCursor
    // An empty page with a cursor would reveal secrets that the caller may not see; at most once per `maximumPages` calls.
    if (items.length > 0 || nextCursor === undefined || pages === maximumPages) return compact({ items, nextCursor })
  }
}
