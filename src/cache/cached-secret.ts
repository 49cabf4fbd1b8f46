import { isDeepStrictEqual } from 'node:util'
import type { VersionSelector } from '#src/aws/port'
import type { ReadSecret, SecretMetadata } from '#src/aws/secret'
import type { ProblemCode } from '#src/problems/catalogue'

/** A cached answer from AWS. All times are in milliseconds, on the monotonic clock. */
interface Answer {
  /** The time at which AWS was called. */
  readonly since: number
  /** The time at which the answer is removed from the cache. */
  readonly until: number
}

/** A version of a secret, with its value. */
export interface CachedVersion extends Answer {
  readonly secret: ReadSecret
  /** The fraction of the time to live, from 0 to 1, after which a read renews the version. */
  readonly renewAfter: number
  /** The number of reads since the version was fetched from AWS. Only this object is mutable. */
  readonly use: { reads: number }
  /** True if AWS may not have applied a recent write everywhere when the version was read. */
  readonly isSettling: boolean
}

/** The answer that a secret, or a version of it, does not exist. */
export interface Absence extends Answer {
  readonly selector: VersionSelector
  readonly code: ProblemCode
}

/** A secret's description. */
export interface Description {
  readonly metadata: SecretMetadata
  /** The body of AWS's reply. */
  readonly body: string
}

export interface CachedDescription extends Answer, Description {
  /** True if AWS may not have applied a recent write everywhere when the description was read. */
  readonly isSettling: boolean
}

/** The cached answers about a secret, as one credential sees it. The object is never modified, but replaced. */
export interface CachedSecret {
  readonly versions: readonly CachedVersion[]
  readonly absences: readonly Absence[]
  readonly description?: CachedDescription
  /** The failure of the latest attempt to read the secret. Absent if AWS answered that attempt. */
  readonly failure?: { readonly at: number, readonly code: ProblemCode }
}

export const emptySecret: CachedSecret = { versions: [], absences: [] }

/**
 * The maximum number of absences that are cached for a secret. It is limited, because a caller who may read the secret can ask
 * for any number of version IDs.
 */
const mostAbsences = 20

const isSelected = ({ versionId, versionStages }: ReadSecret, selector: VersionSelector): boolean => {
  const stage = selector.versionStage ?? (selector.versionId === undefined ? 'AWSCURRENT' : undefined)
  return (selector.versionId ?? versionId) === versionId && (stage === undefined || versionStages.includes(stage))
}

const isSame = (one: VersionSelector, other: VersionSelector): boolean =>
  one.versionId === other.versionId && (one.versionStage ?? 'AWSCURRENT') === (other.versionStage ?? 'AWSCURRENT')

/** Returns true for the selector of the current version. */
export const selectsCurrent = (selector: VersionSelector): boolean => isSame(selector, {})

/**
 * Returns the cached version that a read selects, if there is one. A label selects a version only if AWS has reported the label
 * on that version.
 */
export const versionIn = ({ versions }: CachedSecret, selector: VersionSelector): CachedVersion | undefined =>
  versions.find(({ secret }) => isSelected(secret, selector))

/** Returns the cached answer that the selected secret or version does not exist, if there is one. */
export const absenceIn = ({ absences }: CachedSecret, selector: VersionSelector): Absence | undefined =>
  absences.find((absence) => isSame(absence.selector, selector))

/**
 * Adds a version, and drops the versions that contradict it: versions with one of its labels, and versions of a deleted secret
 * with the same name. If one of them was read later than the new version, the new version is outdated instead, and nothing
 * changes.
 */
export function withVersion (cached: CachedSecret, version: CachedVersion): CachedSecret {
  const { secret } = version
  const contradicts = ({ secret: { arn, versionId, versionStages } }: CachedVersion): boolean => arn !== secret.arn ||
    versionId === secret.versionId || versionStages.some((stage) => secret.versionStages.includes(stage))
  const { true: outdated = [], false: others = [] } = Object.groupBy(cached.versions, (other) => `${contradicts(other)}`)
  if (outdated.some(({ since }) => since > version.since)) return cached
  // A version's value never changes, so a renewal keeps the value that is already in memory.
  const same = outdated.find(({ secret: { arn, versionId, content } }) =>
    arn === secret.arn && versionId === secret.versionId && isDeepStrictEqual(content, secret.content))
  const { content } = (same ?? version).secret
  const { description } = cached
  // AWS has recorded the read of the version, so a description without such a record is outdated.
  const isCurrent = description?.metadata.lastAccessedDate !== undefined && isDescribedBy(secret, description)
  return {
    ...isCurrent && { description },
    versions: [...others, { ...version, secret: { ...secret, content } }],
    absences: cached.absences.filter(({ code, selector }) => code !== 'secret-not-found' && !isSelected(secret, selector))
  }
}

/** Returns true if a description shows a version with the same labels. */
const isDescribedBy = ({ arn, versionId, versionStages }: ReadSecret, { metadata }: Description): boolean =>
  arn === metadata.arn && metadata.state === 'active' &&
  isDeepStrictEqual(new Set(metadata.versions?.[versionId]), new Set(versionStages))

/** Adds a description, and drops the versions that contradict it and were read earlier. */
export const withDescription = (cached: CachedSecret, description: CachedDescription): CachedSecret => ({
  ...cached,
  description,
  versions: cached.versions.filter(({ secret, since }) => since > description.since || isDescribedBy(secret, description))
})

export const withoutDescription = ({ description: _description, ...cached }: CachedSecret): CachedSecret => cached

/**
 * Adds the answer that a secret or a version does not exist. Drops the version that was cached for the same selector, and the
 * description.
 */
export const withAbsence = (cached: CachedSecret, absence: Absence): CachedSecret => ({
  versions: cached.versions.filter(({ secret }) => !isSelected(secret, absence.selector)),
  absences: [...cached.absences.filter(({ selector }) => !isSame(selector, absence.selector)), absence].slice(-mostAbsences)
})

/** Returns the answers that have not expired by the given time. */
export function unexpiredAt (cached: CachedSecret, time: number): CachedSecret {
  const lasts = ({ until }: Answer): boolean => until > time
  const { versions, absences, description } = cached
  if ([...versions, ...absences, ...description === undefined ? [] : [description]].every(lasts)) return cached
  const rest = description === undefined || lasts(description) ? cached : withoutDescription(cached)
  return { ...rest, versions: versions.filter(lasts), absences: absences.filter(lasts) }
}
