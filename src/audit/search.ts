import { isIntact, type ParsedRecord } from './record.ts'

/** The possible outcomes of a request, or of its part for one secret. */
export const outcomes = ['allowed', 'refused', 'failed'] as const

/**
 * - `allowed`: The request was permitted and carried out.
 * - `refused`: The request was not permitted, or was refused before anything was done.
 * - `failed`: The request was permitted, but ended with an error or a crash.
 */
export type Outcome = (typeof outcomes)[number]

/** The criteria of a search. An access matches if it meets all criteria that are present. */
export interface Search {
  readonly secret?: string
  readonly namePrefix?: string
  readonly environment?: string
  /** The caller's ID. */
  readonly caller?: string
  /** The actions to find. Only an access's own action is compared, not the further permissions that it needed. */
  readonly actions?: ReadonlySet<string>
  readonly outcome?: Outcome
  /** The beginning of the time span, in milliseconds since the epoch. */
  readonly since?: number
  /** The end of the time span, exclusive, in milliseconds since the epoch. */
  readonly until?: number
}

/**
 * Something that a caller did, or tried to do. A request for several secrets counts as one access for each secret, and one more
 * for the request itself.
 */
export interface Access {
  readonly time: string
  readonly sequence: number
  readonly outcome: Outcome
  readonly caller: string
  readonly method: string
  readonly peer: string
  readonly action: string
  readonly environment: string
  readonly name: string
  readonly credential: string
  /** The HTTP status; 0 if there is no outcome. */
  readonly status: number
  /** The code of the problem. `no-outcome` if a crash interrupted the request, or if it is still in progress. */
  readonly code: string
  readonly reason: string
  readonly result: string
  readonly versionId: string
  /** The policies that determined the decision, separated by spaces. */
  readonly policies: string
  readonly requestId: string
  /** False if the record's bytes don't match its hash, so that its content can't be relied on. */
  readonly isIntact: boolean
}

/** The span of time that the records of requests cover. */
export interface Span {
  readonly from: string
  readonly to: string
}

const events: ReadonlySet<unknown> = new Set(['outcome', 'item', 'denial'])

/**
 * The statuses of refusals. A 404 is a refusal, too, if the recorded decision is a denial, because then the 404 hides what the
 * caller may not see.
 */
const refusals: ReadonlySet<number> = new Set([401, 403])

/** Searches the records of a trail, one by one. Keeps only the requests without an outcome in memory. */
export function createSearch (search: Search): {
  /** Returns the matching accesses in a record. */
  check: (record: ParsedRecord) => Access[]
  /** Returns the requests that match and have no outcome. Call it after the last record. */
  unfinished: () => Access[]
  span: () => Span | undefined
} {
  const open = new Map<number, Access[]>()
  let span: Span | undefined
  return {
    check (record) {
      const { link: { sequence }, entry: { event, time, intent } } = record
      const isIntent = event === 'intent'
      if (!isIntent && !events.has(event)) return []
      if (typeof time === 'string') span = { from: span?.from ?? time, to: time }
      if (event === 'outcome' && typeof intent === 'number') open.delete(intent)
      const found = accessesIn(record).filter((access) => matches(search, access))
      if (!isIntent) return found
      if (found.length > 0) open.set(sequence, found)
      return []
    },
    unfinished: () => [...open.values()].flat(),
    span: () => span
  }
}

function accessesIn (record: ParsedRecord): Access[] {
  const { link, entry } = record
  const { caller, decision, names, versionIds } = entry
  const status = typeof entry.status === 'number' ? entry.status : 0
  const { id, method } = membersOf(caller)
  const { policies } = membersOf(decision)
  const isUnfinished = entry.event === 'intent'
  const access: Access = {
    time: text(entry.time),
    sequence: link.sequence,
    outcome: outcomeOf(entry, status),
    caller: text(id),
    method: text(method),
    peer: text(entry.peer),
    action: text(entry.action),
    environment: text(entry.environment),
    name: text(entry.name),
    credential: text(entry.credential),
    status,
    code: isUnfinished ? 'no-outcome' : text(entry.code),
    reason: text(entry.reason),
    result: text(entry.result),
    versionId: text(entry.versionId),
    policies: listOf(policies).map(text).join(' '),
    requestId: text(entry.requestId),
    isIntact: isIntact(record)
  }
  if (names === undefined) return [access]
  const versions = listOf(versionIds)
  return listOf(names).map((name, index) => ({ ...access, name: text(name), versionId: text(versions[index]) }))
}

function outcomeOf ({ event, decision, decisions }: ParsedRecord['entry'], status: number): Outcome {
  if (event === 'intent') return 'failed'
  const isDenied = (one: unknown): boolean => membersOf(one).allowed === false
  if (event === 'denial' || isDenied(decision) || refusals.has(status)) return 'refused'
  if (status < 400) return 'allowed'
  return listOf(decisions).some(isDenied) ? 'refused' : 'failed'
}

function matches (search: Search, access: Access): boolean {
  const { secret, namePrefix, environment, caller, actions, outcome, since = -Infinity, until = Infinity } = search
  const time = Date.parse(access.time)
  return (secret ?? access.name) === access.name && access.name.startsWith(namePrefix ?? '') &&
    (environment ?? access.environment) === access.environment && (caller ?? access.caller) === access.caller &&
    (outcome ?? access.outcome) === access.outcome && time >= since && time < until && actions?.has(access.action) !== false
}

const text = (value: unknown): string => typeof value === 'string' ? value : ''

const listOf = (value: unknown): readonly unknown[] => Array.isArray(value) ? value : []

/**
 * Returns the members of an object, and no members for any other value. The trail may have been changed, so its types are not
 * trusted.
 */
const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}
