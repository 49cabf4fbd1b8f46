import type { Page } from '#src/aws/port'
import type { Replica, SecretMetadata as AwsSecret, SecretVersion as AwsVersion } from '#src/aws/secret'
import type { SecretName } from '#src/environments/names'
import { compact } from '#src/json/compact'
import { isProblem } from '#src/problems/problem'
import type { Cursors, Listing } from './cursors.ts'
import { emptyVersions } from './empty-versions.ts'
import type { SecretMetadata, SecretVersion } from './schemas.ts'
import type { Scope } from './scope.ts'

/** Returns a secret's metadata in its JSON form. @throws Problem for any AWS error */
export async function describeSecret (scope: Scope, name: SecretName): Promise<SecretMetadata> {
  return toMetadata(await scope.aws.describeSecret(scope, name))
}

/** Returns a secret's metadata, or undefined if the secret does not exist. @throws Problem for any other AWS error */
export async function findSecret (scope: Scope, name: SecretName): Promise<AwsSecret | undefined> {
  try {
    return await scope.aws.describeSecret(scope, name)
  } catch (error) {
    if (!isProblem(error, 'secret-not-found')) throw error
    return undefined
  }
}

export interface VersionsPage {
  items: SecretVersion[]
  nextCursor?: string
}

/**
 * Returns a page of a secret's versions. The last page ends with the versions that have no value. No other page is empty,
 * although AWS's pages may be.
 *
 * @throws Problem for an invalid cursor and any AWS error
 */
export async function listVersions (scope: Scope, cursors: Cursors, name: SecretName, options: {
  includeDeprecated?: boolean
  limit?: number
  cursor?: string
}): Promise<VersionsPage> {
  const { limit, cursor, ...query } = options
  const listing: Listing = { scope, operation: 'listVersions', query: { ...query, name } }
  let awsPage = cursor === undefined ? undefined : cursors.open(listing, cursor).awsPage
  let page: Page<AwsVersion>
  do {
    page = await scope.aws.listSecretVersionIds(scope, name, { ...query, limit, cursor: awsPage })
    awsPage = page.nextCursor
  } while (page.items.length === 0 && awsPage !== undefined)
  const { items, nextCursor } = page
  const empty = nextCursor === undefined ? await emptyVersions(scope, name, items, cursor === undefined) : []
  return compact({
    items: [...items.map(toVersion), ...empty.map((version) => ({ ...version, hasValue: false }))],
    nextCursor: nextCursor === undefined ? undefined : cursors.seal(listing, { awsPage: nextCursor, seen: 0 })
  })
}

/** Returns the JSON form of a secret's metadata. */
export const toMetadata = (secret: AwsSecret): SecretMetadata => compact({
  ...secret,
  rotation: secret.rotation && compact({
    ...secret.rotation,
    pendingVersionId: pendingIn(secret),
    lastRotatedDate: timestamp(secret.rotation.lastRotatedDate),
    nextRotationDate: timestamp(secret.rotation.nextRotationDate)
  }),
  createdDate: timestamp(secret.createdDate),
  lastChangedDate: timestamp(secret.lastChangedDate),
  lastAccessedDate: timestamp(secret.lastAccessedDate),
  deletedDate: timestamp(secret.deletedDate),
  replicas: secret.replicas?.map(toReplica)
})

/** Returns the ID of the version that a rotation has created but not made current, if there is one. */
const pendingIn = ({ versions = {} }: AwsSecret): string | undefined => Object.keys(versions).find((versionId) =>
  versions[versionId]?.includes('AWSPENDING') === true && !versions[versionId].includes('AWSCURRENT'))

/** Returns the JSON form of a replica. */
export const toReplica = (replica: Replica): NonNullable<SecretMetadata['replicas']>[number] =>
  compact({ ...replica, lastAccessedDate: timestamp(replica.lastAccessedDate) })

const toVersion = (version: AwsVersion): SecretVersion => compact({
  ...version,
  createdDate: timestamp(version.createdDate),
  lastAccessedDate: timestamp(version.lastAccessedDate)
})

/** Returns the date as an RFC 3339 timestamp. */
const timestamp = (date: Date | undefined): string | undefined => date?.toISOString()

/**
 * Returns true if an existing secret is probably the placeholder that an earlier request with the same `Idempotency-Key` created.
 * AWS stores no idempotency key for a secret without a version, so the description and the tags are compared instead. Returns
 * false if the caller isn't allowed to see them, because the result could confirm the caller's guesses.
 */
export function isPlaceholderOf (
  { idempotencyKey, environment, may }: Scope, { description = '', tags }: Pick<AwsSecret, 'description' | 'tags'>, existing: AwsSecret
): boolean {
  const expected = Object.entries({ ...tags, ...environment.tags })
  return idempotencyKey !== undefined && may('DescribeSecret', existing.name) && Object.keys(existing.versions ?? {}).length === 0 &&
    (existing.description ?? '') === description && expected.every(([key, value]) => existing.tags?.[key] === value)
}
