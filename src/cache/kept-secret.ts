import { isDeepStrictEqual } from 'node:util'
import type { VersionSelector } from '#src/aws/port'
import type { ReadSecret } from '#src/aws/secret'
import type { ProblemCode } from '#src/problems/catalogue'

/** An answer of AWS. All times are in milliseconds, on the monotonic clock. */
interface Answer {
  /** When AWS was asked. */
  readonly since: number
  /** The answer leaves the memory at this time. */
  readonly until: number
}

/** A version of a secret, with its value. */
export interface KeptVersion extends Answer {
  readonly secret: ReadSecret
  /** The part of the time to live after which the version is renewed if it is in use, from 0 to 1. */
  readonly renewAfter: number
  /** True if a write may not have taken effect everywhere in AWS when the version was read. */
  readonly isSettling: boolean
}

/** The answer that a secret, or a version of it, does not exist. */
export interface Absence extends Answer {
  readonly selector: VersionSelector
  readonly code: ProblemCode
}

/** What is known about a secret, as one credential sees it. It is replaced as a whole whenever something about it changes. */
export interface KeptSecret {
  readonly versions: readonly KeptVersion[]
  readonly absences: readonly Absence[]
  /** The latest attempt to read the secret, if AWS did not answer it. */
  readonly failure?: { readonly at: number, readonly code: ProblemCode }
}

export const nothing: KeptSecret = { versions: [], absences: [] }

/** The maximum number of absences of a secret. Anybody who may read the secret can ask for any number of version IDs. */
const mostAbsences = 20

const isSelected = ({ versionId, versionStages }: ReadSecret, selector: VersionSelector): boolean => {
  const stage = selector.versionStage ?? (selector.versionId === undefined ? 'AWSCURRENT' : undefined)
  return (selector.versionId ?? versionId) === versionId && (stage === undefined || versionStages.includes(stage))
}

const isSame = (one: VersionSelector, other: VersionSelector): boolean =>
  one.versionId === other.versionId && (one.versionStage ?? 'AWSCURRENT') === (other.versionStage ?? 'AWSCURRENT')

/** Returns true for the selector of the current version. */
export const selectsCurrent = (selector: VersionSelector): boolean => isSame(selector, {})

/** Returns the version that a read selects, if it is kept. A label selects a version only if AWS has shown it there. */
export const versionIn = ({ versions }: KeptSecret, selector: VersionSelector): KeptVersion | undefined =>
  versions.find(({ secret }) => isSelected(secret, selector))

/** Returns the answer that what a read selects does not exist, if it is kept. */
export const absenceIn = ({ absences }: KeptSecret, selector: VersionSelector): Absence | undefined =>
  absences.find((absence) => isSame(absence.selector, selector))

/**
 * Adds a version. Versions that contradict it are dropped, because they are out of date: those with one of its labels, and those
 * of a deleted secret with the same name. If a newer version contradicts it, the version itself is out of date.
 */
export function withVersion (kept: KeptSecret, version: KeptVersion): KeptSecret {
  const { secret } = version
  const contradicts = ({ secret: { arn, versionId, versionStages } }: KeptVersion): boolean => arn !== secret.arn ||
    versionId === secret.versionId || versionStages.some((stage) => secret.versionStages.includes(stage))
  const { true: outdated = [], false: others = [] } = Object.groupBy(kept.versions, (other) => `${contradicts(other)}`)
  if (outdated.some(({ since }) => since > version.since)) return kept
  // A version's value never changes, so a renewal keeps the value that is already in memory.
  const same = outdated.find(({ secret: { arn, versionId, content } }) =>
    arn === secret.arn && versionId === secret.versionId && isDeepStrictEqual(content, secret.content))
  const { content } = (same ?? version).secret
  return {
    versions: [...others, { ...version, secret: { ...secret, content } }],
    absences: kept.absences.filter(({ code, selector }) => code !== 'secret-not-found' && !isSelected(secret, selector))
  }
}

/** Adds the answer that something does not exist. The version that was known under this selector is dropped. */
export const withAbsence = (kept: KeptSecret, absence: Absence): KeptSecret => ({
  versions: kept.versions.filter(({ secret }) => !isSelected(secret, absence.selector)),
  absences: [...kept.absences.filter(({ selector }) => !isSame(selector, absence.selector)), absence].slice(-mostAbsences)
})

/** Returns what is left of a secret at a time. */
export function leftAt (kept: KeptSecret, time: number): KeptSecret {
  const lasts = ({ until }: Answer): boolean => until > time
  if (kept.versions.every(lasts) && kept.absences.every(lasts)) return kept
  return { ...kept, versions: kept.versions.filter(lasts), absences: kept.absences.filter(lasts) }
}
