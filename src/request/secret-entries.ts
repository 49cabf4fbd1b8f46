import type { RecordedDecision, RequestEntry } from '#src/audit/record'
import type { SecretDecision, SecretOutcome } from '#src/audit/secret-outcome'
import type { Decision } from '#src/authorization/decision'
import { getOrCreate } from '#src/collections/get-or-create'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { forEachInTurns } from '#src/scheduling/turns'
import type { UnrecordedDecisions } from './decisions.ts'

/** The members that all records of a request share: its sender and its subject. */
export type About = Omit<RequestEntry, 'event'>

/** The result for one secret, and the decisions on it. */
interface Item {
  readonly outcome: SecretOutcome
  readonly decisions: readonly SecretDecision[]
}

/** The items that share a record. */
interface Group {
  readonly entry: RequestEntry
  readonly names: string[]
  readonly versionIds: string[]
  /** The length of all names and version IDs, in characters. */
  size: number
}

/**
 * The maximum length of the names and version IDs in one record, in characters. A longer record would be hard to read. With
 * shorter records, the repeated members would make up much of the trail.
 */
const mostText = 32 * 1024

/**
 * Returns the entries for some of a request's secrets, and removes the decisions on these secrets from `unrecorded`. Secrets that
 * differ only in their name and version share an entry. If each secret had its own entry, the records of a request with 10,000
 * short names would be a hundred times as long as the request. Other work can run in between.
 */
export async function secretEntries (
  about: About, outcomes: readonly SecretOutcome[], unrecorded: UnrecordedDecisions
): Promise<RequestEntry[]> {
  const groups = grouping(about)
  await forEachInTurns(outcomes, (outcome) => { groups.add({ outcome, decisions: unrecorded.take(outcome) }) })
  return groups.entries()
}

/** The entries for the secrets that were left out of a reply, and the number of these secrets. */
export interface Withheld {
  readonly entries: RequestEntry[]
  readonly count: number
}

/** Returns the entries for secrets that were left out of the reply because of a denial. */
export function withheldEntries (about: About, bySecret: readonly (readonly SecretDecision[])[]): Withheld {
  const items = bySecret.flatMap((decisions) => decisions.flatMap(({ allowed, environment, name, action }): Item[] =>
    allowed || name === undefined ? [] : [{ outcome: compact({ environment, name, action, problem: new Problem('forbidden') }), decisions }]))
  const groups = grouping(about)
  for (const item of items) groups.add(item)
  return { entries: groups.entries(), count: items.length }
}

/** Groups items that differ only in their names and versions, and returns an entry for each group. */
interface Grouping {
  add: (item: Item) => void
  entries: () => RequestEntry[]
}

function grouping (about: About): Grouping {
  const groups: Group[] = []
  const open = new Map<string, Group>()

  function add (item: Item): void {
    const { name, versionId = '' } = item.outcome
    const entry = sharedEntry(about, item)
    const key = JSON.stringify([
      entry.environment, entry.credential, entry.action, entry.decision, entry.decisions, entry.status, entry.code, entry.result,
      entry.cache, versionId === ''
    ])
    const group = getOrCreate(open, key, () => {
      const created: Group = { entry, names: [], versionIds: [], size: 0 }
      groups.push(created)
      return created
    })
    group.names.push(name)
    if (versionId !== '') group.versionIds.push(versionId)
    group.size += name.length + versionId.length
    if (group.size >= mostText) open.delete(key)
  }

  return {
    add,
    entries: () => groups.map(({ entry, names, versionIds }) => names.length === 1
      ? { ...entry, name: names[0], versionId: versionIds[0] }
      : { ...entry, names, versionIds: versionIds.length === 0 ? undefined : versionIds })
  }
}

/** Returns an item's entry without the secret's name and version, so that the items of a group can share it. */
function sharedEntry (about: About, { outcome, decisions }: Item): RequestEntry {
  const { environment = about.environment, credential = about.credential, action = about.action } = outcome
  const { result, cache, problem } = outcome
  const item = { ...about, environment, credential, action }
  const decision = decisions.find((one) => one.action === action && one.replicaOf === undefined)
  return {
    event: 'item',
    ...item,
    decision: decision && recorded(decision),
    decisions: otherDecisions(decisions, item),
    status: problem?.status ?? 200,
    code: problem?.code,
    result,
    cache
  }
}

/** Returns a decision in the format of the records. */
const recorded = ({ allowed, policies }: Decision): RecordedDecision => ({ allowed, policies })

/** Returns the decisions that concern a different action or a different environment than the entry. */
export function otherDecisions (decisions: readonly SecretDecision[], about: About): RequestEntry['decisions'] {
  const others = decisions.filter(({ environment = about.environment, action }) =>
    environment !== about.environment || action !== about.action)
  return others.length === 0 ? undefined : others.map(({ environment, action, allowed, policies }) =>
    ({ ...environment !== about.environment && compact({ environment }), action, allowed, policies }))
}
