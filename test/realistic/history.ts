/** A caller's request about one secret, and its outcome. `began` and `ended` are positions in the sequence of all events. */
export type Operation = Request & {
  caller: number
  began: number
  /** `Infinity` if it is unknown whether the request was carried out. */
  ended: number
  outcome: Outcome
}

/** `done`, the code of the problem, or `unknown` if AWS may have carried the request out. */
export type Outcome = string

/** The operation of a request. `version` is the version that becomes current, or that gets or loses the label. */
export type Request =
  | { kind: 'create' | 'put' | 'update' | 'patch' | 'rollBack', version: string }
  | { kind: 'replace', version: string, expected: string }
  | { kind: 'move', label: string, version: string, from: string | undefined }
  | { kind: 'removeLabel', label: string, version: string }
  | { kind: 'delete' | 'forceDelete' | 'restore' }

/** A read of the current version. `found` is its version, or the code of the problem. */
export interface Read {
  caller: number
  began: number
  ended: number
  found: string
}

/** The state of a secret. */
export interface State {
  /** A secret is `going` after a deletion without recovery, until AWS has finished it at an unknown time. */
  existence: 'absent' | 'active' | 'deleted' | 'going'
  /** The version of each label, except AWSPREVIOUS. */
  labels: Readonly<Record<string, string>>
  /** The versions that were written since the creation. */
  versions: readonly string[]
}

const initial: State = { existence: 'absent', labels: {}, versions: [] }
const current = 'AWSCURRENT'

/** Returns the state after a request, or undefined if the request can't succeed in this state. */
function carriedOut (state: State, request: Request): State | undefined {
  const { existence, labels, versions } = state
  const isActive = existence === 'active'
  const labelled = (label: string, version: string): State => ({ ...state, labels: { ...labels, [label]: version } })
  const written = (version: string): State => ({ ...labelled(current, version), versions: [...versions, version] })
  const created = (version: string): State => ({ existence: 'active', labels: { [current]: version }, versions: [version] })
  switch (request.kind) {
    case 'create': return isGone(state) ? created(request.version) : undefined
    case 'put':
      if (isGone(state)) return created(request.version)
      if (!isActive) return undefined
      // The request repeats an earlier one with the same idempotency key.
      return versions.includes(request.version) ? state : written(request.version)
    case 'update':
    case 'patch': return isActive ? written(request.version) : undefined
    case 'replace': return isActive && labels[current] === request.expected ? written(request.version) : undefined
    case 'rollBack': return isActive && knowsVersions(state, request) ? labelled(current, request.version) : undefined
    case 'move': return isActive && isMovable(state, request) ? labelled(request.label, request.version) : undefined
    case 'removeLabel': return isActive && isMovable(state, request) ? { ...state, labels: without(labels, request.label) } : undefined
    case 'restore': return isGone(state) ? undefined : { ...state, existence: 'active' }
    case 'delete': return isActive ? { ...state, existence: 'deleted' } : undefined
    case 'forceDelete': return existence === 'absent' ? state : { ...initial, existence: 'going' }
  }
}

const isGone = ({ existence }: State): boolean => existence === 'absent' || existence === 'going'

const without = (labels: State['labels'], label: string): State['labels'] =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => name !== label))

/** Returns true if a refusal is correct in a state. */
function isTrue (refusal: string, state: State, request: Request): boolean {
  const { existence, labels } = state
  switch (refusal) {
    case 'secret-not-found': return isGone(state) && request.kind !== 'create'
    case 'secret-pending-deletion': return existence === 'deleted' || existence === 'going'
    case 'secret-exists': return request.kind === 'create' && existence === 'active'
    case 'version-not-found': return existence === 'active' && !knowsVersions(state, request)
    case 'precondition-failed':
      if (request.kind === 'create') return existence === 'active'
      return request.kind === 'replace' && (isGone(state) || labels[current] !== request.expected)
    case 'aws-refused': return (request.kind === 'move' || request.kind === 'removeLabel') && !isMovable(state, request)
    default: return false
  }
}

/** Returns true if the secret has every version that the request expects to exist. */
function knowsVersions ({ versions }: State, request: Request): boolean {
  if (request.kind === 'move') return [request.version, request.from ?? request.version].every((version) => versions.includes(version))
  return (request.kind !== 'rollBack' && request.kind !== 'removeLabel') || versions.includes(request.version)
}

/** Returns true if the label is attached to the version that the request names as its source or, for a move, as its target. */
function isMovable (state: State, request: Extract<Request, { label: string }>): boolean {
  const holder = state.labels[request.label]
  const from = request.kind === 'removeLabel' ? request.version : request.from ?? (holder === undefined ? undefined : request.version)
  return knowsVersions(state, request) && holder === from
}

const changesCurrent = (request: Request): request is Extract<Request, { version: string }> =>
  'version' in request && (!('label' in request) || request.label === current)

/** The requests that are tried again if another writer interferes, and then refused. */
const retried: ReadonlySet<Request['kind']> = new Set(['rollBack', 'patch'])

/** Returns true if a request was refused because of a concurrent write, and a concurrent write exists. */
const metRival = (operation: Operation, operations: readonly Operation[]): boolean =>
  retried.has(operation.kind) && operation.outcome === 'write-conflict' && operations.some((other) => other !== operation &&
    changesCurrent(other) && isEffective(other) && other.began < operation.ended && operation.began < other.ended)

/** Returns true if AWS has carried out the request, or may have done so. */
const isEffective = ({ outcome }: Operation): boolean => outcome === 'done' || outcome === 'unknown'

/**
 * Returns true if the history is linearizable: some sequential order of the operations, each between its start and its end,
 * explains all outcomes and the final state `last`. Then no confirmed write is lost, and every refusal is correct. An operation
 * whose outcome is unknown may have taken place at any time after its start, or never. In `last`, only the versions of confirmed
 * writes count.
 */
export function isLinearizable (operations: readonly Operation[], last: State): boolean {
  const known = operations.filter((operation) => operation.outcome !== 'unknown')
  const confirmed = new Set(known.flatMap((operation) => operation.outcome === 'done' && 'version' in operation ? [operation.version] : []))
  const failed = new Set<string>()
  const end = finalForm(last, confirmed)

  function after (state: State, operation: Operation): State | undefined {
    if (isEffective(operation)) return carriedOut(state, operation)
    return isTrue(operation.outcome, state, operation) || metRival(operation, operations) ? state : undefined
  }

  function search (state: State, left: ReadonlySet<Operation>): boolean {
    if (!known.some((operation) => left.has(operation)) && finalForm(state, confirmed) === end) return true
    const key = JSON.stringify([[...left].map((operation) => operations.indexOf(operation)), sorted(state)])
    if (failed.has(key)) return false
    const firstEnd = Math.min(...[...left].map(({ ended }) => ended))
    for (const operation of left) {
      if (operation.began > firstEnd) continue
      const next = after(state, operation)
      if (next !== undefined && search(next, new Set([...left].filter((other) => other !== operation)))) return true
    }
    failed.add(key)
    return false
  }

  return search(initial, new Set(operations))
}

const sorted = ({ existence, labels, versions }: State): unknown[] => [existence, Object.entries(labels).sort(), [...versions].sort()]

/** Returns a text that is the same for states that are indistinguishable once AWS has finished all deletions. */
const finalForm = (state: State, confirmed: ReadonlySet<string>): string => JSON.stringify(sorted({
  ...state, existence: isGone(state) ? 'absent' : state.existence, versions: state.versions.filter((version) => confirmed.has(version))
}))

/** A value that a write sets: whether the secret exists, or its current version. */
interface Setting {
  value: string
  /** Absent for the state before all writes. */
  caller?: number
  began: number
  ended: number
}

const before: Omit<Setting, 'value'> = { began: -Infinity, ended: -Infinity }

/** The states that a request leads to. After a deletion without recovery, reads may show either. */
const existenceAfter: Readonly<Partial<Record<Request['kind'], readonly string[]>>> = {
  create: ['active'], put: ['active'], restore: ['active'], delete: ['deleted'], forceDelete: ['deleted', 'absent']
}

const foundStates: Readonly<Record<string, string>> = { 'secret-not-found': 'absent', 'secret-pending-deletion': 'deleted' }

/**
 * Returns the reads that show a state from before a write that was confirmed before the read began. A read at the same time as a
 * write may show either state, and so may a read that begins while the outcome of a write is unknown.
 *
 * @param counts returns true if the read must show the effect of this confirmed write; by default, it must show the effect of
 * every write
 */
export function staleReads (
  operations: readonly Operation[], reads: readonly Read[], counts: (write: { caller?: number }, read: Read) => boolean = () => true
): Read[] {
  const effective = operations.filter(isEffective)
  const existence: Setting[] = [{ value: 'absent', ...before }, ...effective.flatMap(({ kind, caller, began, ended }) =>
    (existenceAfter[kind] ?? []).map((value) => ({ value, caller, began, ended })))]
  const versions: Setting[] = effective.flatMap((operation) => changesCurrent(operation)
    ? [{ value: operation.version, caller: operation.caller, began: operation.began, ended: operation.ended }]
    : [])
  const isStale = (read: Read, value: string, settings: readonly Setting[]): boolean =>
    wasReplaced(value, settings.filter((write) => write.began < read.ended), (write) => write.ended < read.began && counts(write, read))
  return reads.filter((read) => isStale(read, foundStates[read.found] ?? 'active', existence) ||
    (!(read.found in foundStates) && isStale(read, read.found, versions)))
}

/** Returns the reads that show a state from before a write of the same caller. */
export const staleReadsOfOwnWrites = (operations: readonly Operation[], reads: readonly Read[]): Read[] =>
  staleReads(operations, reads, (write, read) => write.caller === read.caller)

/** Returns true if the value was certainly replaced by one of the writes that are `confirmed`. */
const wasReplaced = (value: string, settings: readonly Setting[], confirmed: (write: Setting) => boolean): boolean =>
  settings.some((replacing) => replacing.value !== value && confirmed(replacing) &&
    settings.every((setting) => setting.value !== value || setting.ended < replacing.began))
