import type { SortKey } from '#src/aws/port'
import type { UnaddressableName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { toMetadata } from './metadata.ts'
import type { SecretFilters, SecretMetadata } from './schemas.ts'
import type { Scope } from './scope.ts'
import { countUnaddressable } from './unaddressable.ts'

/** The sort order of a list: a field for ascending order, or a hyphen and the field for descending order. */
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
  /** The number of secrets on the page that the caller may describe and that the gateway can't address. */
  unaddressable?: number
}

/** The maximum number of AWS's pages that one request reads in search of a secret that the caller may see. */
const maximumPages = 20

/**
 * Returns a page of the environment's secrets that the caller may describe. It can contain fewer than `limit` secrets even if
 * more pages follow, because AWS counts the secrets before the gateway removes those that the caller isn't allowed to see.
 *
 * @throws Problem for any AWS error
 */
export async function listSecrets (scope: Scope, options: ListOptions): Promise<SecretsPage> {
  const { includePlannedDeletion, sort, limit, cursor, ...filters } = options
  let nextCursor = cursor
  const leftOut: UnaddressableName[] = []
  for (let pages = 1; ; pages++) {
    const page = await scope.aws.listSecrets(scope, {
      filters, includePlannedDeletion, sort: sort && parseSort(sort), limit, cursor: nextCursor
    })
    const items = page.items.filter(({ name }) => scope.may('DescribeSecret', name)).map(toMetadata)
    leftOut.push(...page.unaddressable ?? [])
    nextCursor = page.nextCursor
    // An empty page with a cursor reveals that there are secrets the caller isn't allowed to see. So it is returned only if many
    // pages in a row are empty.
    if (items.length > 0 || nextCursor === undefined || pages === maximumPages) {
      return compact({ items, nextCursor, unaddressable: countUnaddressable(scope, 'DescribeSecret', leftOut) })
    }
  }
}
