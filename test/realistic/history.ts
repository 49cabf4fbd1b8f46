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

/** The operation of a request. `version` is the version that becomes current or gets the label. */
export type Request =
  | { kind: 'create' | 'put' | 'rollBack', version: string }
  | { kind: 'replace', version: string, expected: string }
  | { kind: 'move', label: string, version: string, from: string | undefined }
  | { kind: 'delete' | 'restore' }

/** A read of the current version. `found` is its version, or the code of the problem. */
export interface Read {
  caller: number
  began: number
  ended: number
  found: string
}

/** The state of a secret. */
export interface State {
  existence: 'absent' | 'active' | 'deleted'
  /** The version of each label, except AWSPREVIOUS. */
  labels: Readonly<Record<string, string>>
}

const initial: State = { existence: 'absent', labels: {} }
const current = 'AWSCURRENT'

/** Returns the state after a request, or undefined if the request can't succeed in this state. */
function carriedOut (state: State, request: Request): State | undefined {
  const { existence, labels } = state
  const labelled = (label: string, version: string): State => ({ existence: 'active', labels: { ...labels, [label]: version } })
  switch (request.kind) {
    case 'create': return existence === 'absent' ? labelled(current, request.version) : undefined
    case 'put': return existence === 'deleted' ? undefined : labelled(current, request.version)
    case 'restore': return existence === 'absent' ? undefined : { ...state, existence: 'active' }
    case 'delete': return existence === 'active' ? { ...state, existence: 'deleted' } : undefined
    case 'rollBack': return existence === 'active' ? labelled(current, request.version) : undefined
    case 'replace': return existence === 'active' && labels[current] === request.expected ? labelled(current, request.version) : undefined
    case 'move': return existence === 'active' && isMovable(labels, request) ? labelled(request.label, request.version) : undefined
  }
}

/** Returns true if a refusal is correct in a state. */
function isTrue (refusal: string, { existence, labels }: State, request: Request): boolean {
  if (refusal === 'secret-not-found') return existence === 'absent'
  if (refusal === 'secret-pending-deletion') return existence === 'deleted'
  if (refusal === 'precondition-failed') {
    if (request.kind === 'create') return existence === 'active'
    return request.kind === 'replace' && (existence === 'absent' || labels[current] !== request.expected)
  }
  return refusal === 'aws-refused' && request.kind === 'move' && !isMovable(labels, request)
}

/** Returns true if the label is attached to the version that the move names as its source or its target. */
const isMovable = (labels: State['labels'], { label, from, version }: Extract<Request, { kind: 'move' }>): boolean =>
  labels[label] === (from ?? (labels[label] === undefined ? undefined : version))

const changesCurrent = (request: Request): boolean =>
  request.kind === 'move' ? request.label === current : request.kind !== 'delete' && request.kind !== 'restore'

/** Returns true if a rollback was refused because of a concurrent write, and there was one. */
const metRival = (operation: Operation, operations: readonly Operation[]): boolean =>
  operation.kind === 'rollBack' && operation.outcome === 'write-conflict' && operations.some((other) => other !== operation &&
    changesCurrent(other) && ['done', 'unknown'].includes(other.outcome) && other.began < operation.ended && operation.began < other.ended)

/**
 * Returns true if the history is linearizable: some sequential order of the operations, each between its start and its end,
 * explains all outcomes and the final state `last`. Then no confirmed write is lost, and every refusal is correct. An operation
 * whose outcome is unknown may have taken place at any time after its start, or never.
 */
export function isLinearizable (operations: readonly Operation[], last: State): boolean {
  const known = operations.filter((operation) => operation.outcome !== 'unknown')
  const failed = new Set<string>()

  function after (state: State, operation: Operation): State | undefined {
    if (operation.outcome === 'done' || operation.outcome === 'unknown') return carriedOut(state, operation)
    return isTrue(operation.outcome, state, operation) || metRival(operation, operations) ? state : undefined
  }

  function search (state: State, left: ReadonlySet<Operation>): boolean {
    if (!known.some((operation) => left.has(operation)) && isSame(state, last)) return true
    const key = JSON.stringify([[...left].map((operation) => operations.indexOf(operation)), state.existence, Object.entries(state.labels).sort()])
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

const isSame = (one: State, other: State): boolean => one.existence === other.existence &&
  JSON.stringify(Object.entries(one.labels).sort()) === JSON.stringify(Object.entries(other.labels).sort())

/** A value that a write sets: whether the secret exists, or its current version. */
interface Setting {
  value: string
  began: number
  ended: number
}

const before: Omit<Setting, 'value'> = { began: -Infinity, ended: -Infinity }

/**
 * Returns the reads that show a state from before a write that was confirmed before the read began. A read at the same time as a
 * write may show either state, and so may a read that begins while the outcome of a write is unknown.
 */
export function readsOfThePast (operations: readonly Operation[], reads: readonly Read[]): Read[] {
  const effective = operations.filter(({ outcome }) => outcome === 'done' || outcome === 'unknown')
  const existence: Setting[] = [{ value: 'absent', ...before }, ...effective.flatMap(({ kind, began, ended }) =>
    ['create', 'put', 'restore', 'delete'].includes(kind) ? [{ value: kind === 'delete' ? 'deleted' : 'active', began, ended }] : [])]
  const versions: Setting[] = effective.flatMap((operation) => changesCurrent(operation) && 'version' in operation
    ? [{ value: operation.version, began: operation.began, ended: operation.ended }]
    : [])
  const states: Readonly<Record<string, string>> = { 'secret-not-found': 'absent', 'secret-pending-deletion': 'deleted' }
  return reads.filter((read) => isPast(read, states[read.found] ?? 'active', existence) ||
    (!(read.found in states) && isPast(read, read.found, versions)))
}

/** Returns true if the value was certainly replaced before the read began. */
const isPast = ({ began }: Read, value: string, settings: readonly Setting[]): boolean =>
  settings.some((replacing) => replacing.value !== value && replacing.ended < began &&
    settings.every((setting) => setting.value !== value || setting.ended < replacing.began))
