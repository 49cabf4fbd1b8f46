import { isDeepStrictEqual } from 'node:util'
import { isProblem } from '#src/problems/problem'
import { compareKmsKeys } from './kms-keys.ts'
import type { Page, VersionSelector, VersionsRequest } from './port.ts'
import type { Aspect, Fact, Facts } from './recent-writes.ts'
import type { ReadSecret, Replica, SecretMetadata, SecretVersion } from './secret.ts'

/** Returns true if AWS's date is later than the write that the fact comes from. */
export const isLater = (date: Date | undefined, fact: Fact): boolean => date !== undefined && date.getTime() >= fact.date

/** Returns the staging label by which a version is chosen, or undefined if it is chosen by its ID. */
const chosenLabel = ({ versionId, versionStage }: VersionSelector): string | undefined =>
  versionStage ?? (versionId === undefined ? 'AWSCURRENT' : undefined)

/** Returns true if a value that was read predates a write. */
export function isOldValue (secret: ReadSecret, facts: Facts, version: VersionSelector = {}): boolean {
  const [state, label] = [facts.get('state'), facts.get(`label ${chosenLabel(version) ?? ''}`)]
  if (state !== undefined && !state.values.includes('present') && !isLater(secret.createdDate, state)) return true
  return label !== undefined && !label.values.includes(secret.versionId) && !isLater(secret.createdDate, label)
}

/** Returns true if a description predates a write. */
export const describesOldState = (secret: SecretMetadata, facts: Facts): boolean =>
  [...facts].some(([aspect, fact]) =>
    !fact.values.some((value) => shows(secret, aspect, value)) && !isLater(secret.lastChangedDate, fact))

function shows (secret: SecretMetadata, aspect: Aspect, value: string | undefined): boolean {
  const [kind = '', name = ''] = split(aspect)
  switch (kind) {
    case 'state': return (secret.state === 'pending-deletion') === (value !== 'present')
    case 'description': return (secret.description ?? '') === value
    case 'kmsKey': return compareKmsKeys(secret.kmsKeyId, value) !== 'different'
    case 'rotation': return String(secret.rotation?.enabled) === value
    case 'rotatedVersion': return value === undefined || secret.versions?.[value] !== undefined
    case 'primaryRegion': return (secret.primaryRegion ?? value) === value
    case 'label': return versionWith(name, secret.versions) === value
    case 'tag': return secret.tags?.[name] === value
    case 'replica': return showsReplica(secret.replicas?.find(({ region }) => region === name), value)
    default: return true
  }
}

/**
 * Returns true if AWS shows a replica in the state that a write left. If the write started a replication, the status `Failed`
 * predates the write.
 */
const showsReplica = (replica: Replica | undefined, value: string | undefined): boolean =>
  (replica !== undefined) === (value !== undefined) && !(value === 'begun' && replica?.status === 'Failed')

/** Splits an aspect into its kind and the label, key or region that follows. */
function split (aspect: Aspect): string[] {
  const end = aspect.indexOf(' ')
  return end === -1 ? [aspect] : [aspect.slice(0, end), aspect.slice(end + 1)]
}

const versionWith = (label: string, versions: Readonly<Record<string, readonly string[]>> = {}): string | undefined =>
  Object.keys(versions).find((versionId) => versions[versionId]?.includes(label))

/**
 * Returns true if a resource policy differs from the one last written, or if the secret was deleted. The policies are compared as
 * JSON, because AWS may change their whitespace.
 */
export function isOldPolicy ({ policy }: { policy?: string }, facts: Facts): boolean {
  const [state, fact] = [facts.get('state'), facts.get('policy')]
  if (state !== undefined && !state.values.includes('present')) return true
  return fact !== undefined && !fact.values.some((value) => isDeepStrictEqual(parsed(policy), parsed(value)))
}

const parsed = (json: string | undefined): unknown => json === undefined ? undefined : JSON.parse(json)

/** Returns a function that checks whether a page of versions predates a write that attached or removed a label. */
export const areOldVersions = ({ cursor }: VersionsRequest) => (page: Page<SecretVersion>, facts: Facts): boolean => {
  const { items, nextCursor } = page
  const versions = Object.fromEntries(items.map(({ versionId, versionStages = [] }) => [versionId, versionStages]))
  const isWhole = cursor === undefined && nextCursor === undefined
  return [...facts].some(([aspect, fact]) => {
    const [kind, label = ''] = split(aspect)
    if (kind !== 'label' || items.some(({ createdDate }) => isLater(createdDate, fact))) return false
    const shown = versionWith(label, versions)
    if (fact.values.includes(shown)) return false
    // If no version on this page has the label, it may be on a version on another page.
    return shown !== undefined || isWhole || fact.values.every((value) => value !== undefined && value in versions)
  })
}

/**
 * Returns true if an error shows that a secret, or the version that was to be read, did not exist before a write.
 *
 * @param version the version that was to be read; absent if the read was of the secret itself
 */
export function isErrorOfOldState (error: unknown, facts: Facts, version?: VersionSelector): boolean {
  const states = facts.get('state')?.values
  if (states === undefined || states.includes('gone')) return false
  if (isProblem(error, 'secret-not-found')) return true
  if (states.includes('deleted')) return false
  if (isProblem(error, 'secret-pending-deletion')) return true
  if (version === undefined || !isProblem(error, 'version-not-found')) return false
  const { versionId } = version
  return facts.get(`label ${chosenLabel(version) ?? ''}`)?.values.includes(undefined) === false ||
    [...facts].some(([aspect, { values }]) => aspect.startsWith('label ') && versionId !== undefined && values.includes(versionId))
}
