import type { Filter } from '../aws/types.ts'
import { compact } from '../compact.ts'
import { fromAwsName } from '../environments/names.ts'
import { metadataFrom } from './metadata.ts'
import type { SecretFilters, SecretMetadata } from './schemas.ts'
import type { Scope } from './scope.ts'

/** What a list can be sorted by, in AWS's words. A leading `-` reverses it. */
const sortKeys = {
  name: 'name',
  createdDate: 'created-date',
  lastChangedDate: 'last-changed-date',
  lastAccessedDate: 'last-accessed-date'
} as const

type SortKey = keyof typeof sortKeys

export type Sort = SortKey | `-${SortKey}`

export const sorts = Object.keys(sortKeys).flatMap((key) => [key, `-${key}`]) as readonly string[] as readonly Sort[]

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

/**
 * A page of the environment's secrets that the caller may see. It may hold fewer than `limit` although more pages follow: AWS
 * counts before the gateway leaves out what is not for the caller.
 *
 * @throws Problem as AWS answers
 */
export async function listSecrets (scope: Scope, options: ListOptions): Promise<SecretsPage> {
  const { includePlannedDeletion, sort, limit, cursor, ...filters } = options
  const page = await scope.aws.listSecrets({
    Filters: awsFilters(scope, filters),
    IncludePlannedDeletion: includePlannedDeletion,
    MaxResults: limit,
    NextToken: cursor,
    ...sort && awsSort(sort)
  })
  const items = (page.SecretList ?? []).flatMap((entry) => {
    const name = fromAwsName(scope.environment, entry.Name ?? '')
    return name !== undefined && scope.may('ListSecrets', name) ? [metadataFrom(name, entry)] : []
  })
  return compact({ items, nextCursor: page.NextToken })
}

function awsSort (sort: Sort): { SortBy: (typeof sortKeys)[SortKey], SortOrder: 'asc' | 'desc' } {
  const descending = sort.startsWith('-')
  const key = (descending ? sort.slice(1) : sort) as SortKey
  return { SortBy: sortKeys[key], SortOrder: descending ? 'desc' : 'asc' }
}

/** The filters in AWS's form. The environment's prefix is always part of them. */
export function awsFilters (scope: Scope, { namePrefix = '', description, tagKey, tagValue, all }: SecretFilters): Filter[] {
  const values = {
    name: scope.environment.namePrefix + namePrefix || undefined,
    description,
    'tag-key': tagKey,
    'tag-value': tagValue,
    all
  }
  return Object.entries(compact(values)).map(([key, value]) => ({ Key: key as keyof typeof values, Values: [value] }))
}
