import { shapes } from '#src/aws-model/shapes'
import type { SortKey } from '#src/aws/port'
import type { SecretMetadata as AwsSecret } from '#src/aws/secret'
import { compact } from '#src/json/compact'
import type { Cursors, Listing, Place } from './cursors.ts'
import { toMetadata } from './metadata.ts'
import type { ListFilters, SecretMetadata } from './schemas.ts'
import type { Scope } from './scope.ts'
import { tagsFrom } from './selection.ts'
import { asUnaddressable, isAddressable } from './unaddressable.ts'
import { visibleSecrets } from './visible-secrets.ts'

/** The sort order of a list: a field for ascending order, or a hyphen and the field for descending order. */
export type Sort = SortKey | `-${SortKey}`

export const sorts: readonly Sort[] = [
  'name', '-name', 'createdDate', '-createdDate', 'lastChangedDate', '-lastChangedDate', 'lastAccessedDate', '-lastAccessedDate'
]

function parseSort (sort: Sort): { by: SortKey, descending: boolean } {
  const descending = sort.startsWith('-')
  return { by: (descending ? sort.slice(1) : sort) as SortKey, descending }
}

export interface ListOptions extends ListFilters {
  includePlannedDeletion?: boolean
  sort?: Sort
  limit?: number
  cursor?: string
}

export interface SecretsPage {
  items: SecretMetadata[]
  nextCursor?: string
  /**
   * The number of secrets that are left out because the gateway can't address them. Counts only secrets that the caller may
   * describe, and that come before the next page. Absent if there are none.
   */
  unaddressable?: number
}

/**
 * Returns a page of the environment's secrets that the caller may describe. The reply must not reveal anything about other
 * secrets. Therefore:
 * - The gateway always requests pages of the maximum size from AWS.
 * - `nextCursor` is returned only after a secret for the next page has been found.
 * - If that secret has been found, `unaddressable` counts only the secrets before it, and not the rest of AWS's page. Otherwise
 *   the count would reveal where AWS's page ends.
 *
 * @throws Problem for an invalid cursor, a tag key that `tag` contains twice, and any AWS error
 */
export async function listSecrets (scope: Scope, cursors: Cursors, options: ListOptions): Promise<SecretsPage> {
  const { limit = shapes.MaxResultsType.max, cursor, ...query } = options
  const { includePlannedDeletion, sort, tag, ...awsFilters } = query
  const filters = { ...awsFilters, tags: tagsFrom(tag) }
  const listing: Listing = { scope, operation: 'listSecrets', query }
  const items: AwsSecret[] = []
  let unaddressable = 0
  const reply = (nextCursor?: string): SecretsPage =>
    compact({ items: items.map(toMetadata), nextCursor, unaddressable: asUnaddressable(unaddressable) })
  const request = { filters, includePlannedDeletion, sort: sort && parseSort(sort) }
  const start: Place = cursor === undefined ? { seen: 0 } : cursors.open(listing, cursor)
  for await (const { secret, place } of visibleSecrets(scope, request, ['DescribeSecret'], start)) {
    if (!isAddressable(secret)) {
      unaddressable++
      continue
    }
    if (items.length === limit) return reply(cursors.seal(listing, place()))
    items.push(secret)
  }
  return reply()
}
