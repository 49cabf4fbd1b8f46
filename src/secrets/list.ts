import { createHash } from 'node:crypto'
import { shapes } from '#src/aws-model/shapes'
import type { SortKey } from '#src/aws/port'
import type { SecretMetadata as AwsSecret } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import type { Cursors, Listing, Place } from './cursors.ts'
import { toMetadata } from './metadata.ts'
import { permitted } from './permitted.ts'
import type { ListFilters, SecretMetadata } from './schemas.ts'
import type { Scope } from './scope.ts'
import { selects, tagsFrom } from './selection.ts'

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
}

/**
 * Returns a page of the environment's secrets that the caller may describe. The page and the presence of `nextCursor` depend only
 * on these secrets. That is why AWS is always asked for pages of the maximum size, and why `nextCursor` is returned only after
 * another secret that the caller may see has been found.
 *
 * @throws Problem for an invalid cursor, a tag key that `tag` contains twice, and any AWS error
 */
export async function listSecrets (scope: Scope, cursors: Cursors, options: ListOptions): Promise<SecretsPage> {
  const { limit = shapes.MaxResultsType.max, cursor, ...query } = options
  const { includePlannedDeletion, sort, tag, ...awsFilters } = query
  const filters = { ...awsFilters, tags: tagsFrom(tag) }
  const listing: Listing = { scope, operation: 'listSecrets', query }
  const items: AwsSecret[] = []
  let place: Place = cursor === undefined ? { seen: 0 } : cursors.open(listing, cursor)
  for (;;) {
    const page = await scope.aws.listSecrets(scope, {
      filters, includePlannedDeletion, sort: sort && parseSort(sort), limit: shapes.MaxResultsType.max, cursor: place.awsPage
    })
    const visible = await visibleOf(scope, page.items.filter((secret) => selects(filters, secret)))
    const start = startOn(visible, place)
    const end = Math.min(visible.length, start + limit - items.length)
    for (const secret of visible.slice(start, end)) items.push(secret)
    if (end < visible.length) {
      const next = compact({ awsPage: place.awsPage, seen: end, last: digestOf(visible[end - 1]) })
      return { items: items.map(toMetadata), nextCursor: cursors.seal(listing, next) }
    }
    if (page.nextCursor === undefined) return { items: items.map(toMetadata) }
    place = { awsPage: page.nextCursor, seen: 0 }
  }
}

async function visibleOf (scope: Scope, secrets: readonly AwsSecret[]): Promise<AwsSecret[]> {
  const names = await permitted(scope, 'DescribeSecret', secrets.map(({ name }) => name))
  return secrets.filter(({ name }) => names.has(name))
}

/**
 * Returns the index of the first secret after the place. If the last secret seen is no longer on AWS's page, its successor has
 * taken its index.
 */
function startOn (visible: readonly AwsSecret[], { seen, last }: Place): number {
  if (last === undefined) return 0
  const index = visible.findIndex((secret) => digestOf(secret) === last)
  return index === -1 ? seen - 1 : index + 1
}

/** Returns a digest of the secret's name. Unlike the name, it has the same length for all secrets. */
const digestOf = (secret: { name: SecretName } | undefined): string | undefined =>
  secret && createHash('sha256').update(secret.name).digest('base64url')
