import type { Filter } from '#src/aws/types'
import { fromAwsName, maximumNameLength } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { invalidRequest } from '#src/problems/problem'
import { metadataFrom } from './metadata.ts'
import type { SecretFilters, SecretMetadata } from './schemas.ts'
import type { Scope } from './scope.ts'

/** What a list can be sorted by, in AWS's words. */
const orders = {
  name: { SortBy: 'name', SortOrder: 'asc' },
  '-name': { SortBy: 'name', SortOrder: 'desc' },
  createdDate: { SortBy: 'created-date', SortOrder: 'asc' },
  '-createdDate': { SortBy: 'created-date', SortOrder: 'desc' },
  lastChangedDate: { SortBy: 'last-changed-date', SortOrder: 'asc' },
  '-lastChangedDate': { SortBy: 'last-changed-date', SortOrder: 'desc' },
  lastAccessedDate: { SortBy: 'last-accessed-date', SortOrder: 'asc' },
  '-lastAccessedDate': { SortBy: 'last-accessed-date', SortOrder: 'desc' }
} as const

export type Sort = keyof typeof orders

export const sorts = Object.keys(orders) as Sort[]

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

/** Pages of AWS's in which one request looks for something to show. */
const mostPages = 20

/**
 * A page of the environment's secrets that the caller may describe. It may hold fewer than `limit` where more pages follow: AWS
 * counts before the gateway leaves out what is not for the caller.
 *
 * @throws Problem as AWS answers
 */
export async function listSecrets (scope: Scope, options: ListOptions): Promise<SecretsPage> {
  const { includePlannedDeletion, sort, limit, cursor, ...filters } = options
  let nextCursor = cursor
  for (let pages = 1; ; pages++) {
    const page = await scope.aws.listSecrets({
      Filters: awsFilters(scope, filters),
      IncludePlannedDeletion: includePlannedDeletion,
      MaxResults: limit,
      NextToken: nextCursor,
      ...sort && orders[sort]
    })
    const items = (page.SecretList ?? []).flatMap((entry) => {
      const name = fromAwsName(scope.environment, entry.Name ?? '')
      return name !== undefined && scope.may('DescribeSecret', name) ? [metadataFrom(name, entry)] : []
    })
    nextCursor = page.NextToken
    // An empty page with a next one tells that there is something that the caller may not see: only one request in so many calls.
    if (items.length > 0 || nextCursor === undefined || pages === mostPages) return compact({ items, nextCursor })
  }
}

/**
 * The filters in AWS's form. The environment's prefix is always part of them.
 *
 * @throws Problem `invalid-request` for a prefix that is longer than any name
 */
export function awsFilters (scope: Scope, { namePrefix = '', description, tagKey, tagValue, all }: SecretFilters): Filter[] {
  const name = scope.environment.namePrefix + namePrefix
  if (name.length > maximumNameLength) {
    throw invalidRequest({ in: 'query', pointer: '/namePrefix', message: 'must NOT be longer than a name can be in this environment' })
  }
  const values = {
    name: name || undefined,
    description,
    'tag-key': tagKey,
    'tag-value': tagValue,
    all
  }
  return Object.entries(compact(values)).map(([key, value]) => ({ Key: key as keyof typeof values, Values: [value] }))
}
