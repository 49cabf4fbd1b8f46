import pMap from 'p-map'
import { compact } from '#src/json/compact'
import { beginWaitingTurn } from '#src/scheduling/turns'
import { countOf, zeroCounts } from '#src/secrets/counts'
import { assertMay, inBackground, type Scope } from '#src/secrets/scope'
import { atomically, attempt } from './atomic.ts'
import { createOrChangeItem, findWithheld } from './carry-out.ts'
import { bulkItems, type BulkItem } from './items.ts'
import { asRepeated, planItem, visibleArn, type BulkOutcome } from './plan.ts'
import { bulkDefaults, bulkResults, type BulkCounts, type BulkCreateBody, type BulkStop } from './schemas.ts'

/** The callbacks and the stop signal of a run. */
export interface BulkControl {
  /** Once it is aborted, no further secrets are processed. The abort reason is a `BulkStop`. */
  readonly signal: AbortSignal
  /** Called with each outcome once it is final, and with the item's index in the request. */
  readonly settled: (outcome: BulkOutcome, index: number) => void
  /** Called in an atomic run with the number of secrets processed so far. Their outcomes become final only at the end. */
  readonly progress: (done: number) => void
  /**
   * Awaited before the next secret is begun, so that the outcomes do not pile up if their reader is slow. An atomic run does not
   * await it, because a slow reader would then keep the run half done. Must resolve when the signal is aborted.
   */
  readonly ready?: (signal: AbortSignal) => Promise<void>
  /**
   * Awaited before each change of a secret, with the item's index. Resolves to false if this process must not make the change,
   * because another process has made it or has taken over the job. In that case, this process reports no outcome for the item.
   */
  readonly claim?: Claim
  /** Present if another process may take over the run. */
  readonly ownership?: Ownership
  /** Present if another process has begun this run. */
  readonly resumed?: Resumed
  /** See `Scope.versionKey`. */
  readonly versionKey?: string
}

export type Claim = (index: number) => Promise<boolean>

/**
 * Tells whether this process still owns the run. Another process may take over a run whose owner has been silent for too long.
 */
export interface Ownership {
  /** Returns true while no other process can have taken over the run. */
  readonly isCertain: () => boolean
  /** Awaited before each call to AWS. @throws Problem `shared-state-unavailable` if another process has taken over the run */
  readonly confirm: () => Promise<void>
}

/** The progress of a run that another process has begun. */
export interface Resumed {
  /** The number of results of each kind. */
  readonly counts: BulkCounts
  /** The indexes of the items that were begun and have no result. AWS may have carried out their changes. */
  readonly begun: ReadonlySet<number>
  /** The milliseconds since the start of the run. */
  readonly elapsed: number
}

export interface BulkSummary {
  dryRun: boolean
  counts: BulkCounts
  /** The reason why the run was stopped before all secrets were processed. Absent if it was not stopped. */
  stopped?: BulkStop
  /** 409 if there is a `code`. Otherwise 201 if all secrets were created, and 200 if not, or for a dry run. */
  status: 200 | 201 | 409
  /** The problem of the request as a whole: an atomic request failed, or a secret failed and `failOnError` is set. */
  code?: 'not-all-done' | 'some-failed'
}

/** A checked request, ready to run. */
export interface BulkRun {
  readonly total: number
  readonly dryRun: boolean
  /** Executes the request. Can be called only once, because each secret's value is released as soon as it is no longer needed. */
  readonly run: (control: BulkControl) => Promise<BulkSummary>
  /** Returns the request without its values. Can be called only before `run`. */
  readonly plan: () => BulkPlan
}

/** The options that determine how a request is carried out. */
export type BulkOptions = Required<Pick<BulkCreateBody, 'onConflict' | 'restore' | 'dryRun' | 'atomic' | 'failOnError'>> &
  Required<NonNullable<BulkCreateBody['settings']>>

/** A request without its values. Another process can carry it out, except for items whose values are missing. */
export interface BulkPlan {
  readonly options: BulkOptions
  readonly items: readonly BulkItem[]
}

/** Validates a bulk create, and returns it ready to run. @throws Problem `invalid-request` with the errors in the request */
export async function prepareBulk (scope: Scope, body: BulkCreateBody): Promise<BulkRun> {
  const { onConflict = 'fail', restore = false, dryRun = false, atomic = false, failOnError = false, settings } = body
  const options = { onConflict, restore, dryRun, atomic, failOnError, ...bulkDefaults, ...settings }
  return bulkRun(scope, { options, items: await bulkItems(scope.environment, body) })
}

/** Returns a checked request ready to run. */
export function bulkRun (scope: Scope, { options, items: given }: BulkPlan): BulkRun {
  const { dryRun, atomic, timeoutSeconds } = options
  const items: (BulkItem | undefined)[] = [...given]
  const total = items.length
  return {
    total,
    dryRun,
    plan: () => ({ options, items: items.flatMap((item) => item === undefined ? [] : [withoutValue(item)]) }),
    async run (control) {
      const { versionKey, resumed = { counts: zeroCounts(bulkResults), begun: new Set<number>(), elapsed: 0 } } = control
      const { signal, timeout } = withTimeout(control.signal, timeoutSeconds * 1_000 - resumed.elapsed)
      const counts = { ...resumed.counts }
      const missing = { isValue: false }
      const settled = (outcome: BulkOutcome, index: number): void => {
        counts[countOf[outcome.result]]++
        missing.isValue ||= outcome.problem?.code === 'value-needed'
        control.settled(outcome, index)
      }
      try {
        const own = owning(scope, control.ownership)
        const background = { ...inBackground(own, signal), ...versionKey !== undefined && { versionKey } }
        const each = { ...options, ...control, begun: resumed.begun, signal, settled }
        await (atomic && !dryRun ? runAtomic(background, items, each) : runEach(background, items, each))
      } finally {
        clearTimeout(timeout)
      }
      const reason = signal.reason as BulkStop | undefined ?? (missing.isValue ? 'replica-lost' : undefined)
      const stopped = counts.notStarted > 0 || counts.rolledBack > 0 ? reason : undefined
      return compact({ dryRun, counts, stopped, ...conclusionOf(counts, total, options) })
    }
  }
}

/** Returns the scope for the calls of a run that another process may take over. */
const owning = (scope: Scope, ownership: Ownership | undefined): Scope => ownership === undefined
  ? scope
  : {
      ...scope,
      isTakenOver: () => !ownership.isCertain(),
      async beforeSending () {
        await scope.beforeSending?.()
        await ownership.confirm()
      }
    }

/** Returns the item without its value, because other processes must not get the value. */
function withoutValue ({ content, generate, ...item }: BulkItem): BulkItem {
  const { template, ...generation } = generate ?? {}
  return compact({
    ...item,
    generate: generate === undefined ? undefined : generation,
    withheld: content !== undefined || (template !== undefined && Object.keys(template).length > 0) ? true as const : undefined
  })
}

type RunOptions = Parameters<typeof atomically>[2]

/**
 * Returns a signal that is aborted when `stop` is aborted or the time is up. If no time is left, it is aborted at once. Also
 * returns the timer, which the caller must clear.
 *
 * @param time the time in milliseconds
 */
function withTimeout (stop: AbortSignal, time: number): { signal: AbortSignal, timeout: NodeJS.Timeout } {
  const controller = new AbortController()
  const end = (): void => { controller.abort('timeout' satisfies BulkStop) }
  if (time <= 0) end()
  const timeout = setTimeout(end, Math.max(time, 0))
  return { signal: AbortSignal.any([stop, controller.signal]), timeout }
}

type EachOptions = Omit<RunOptions, 'progress'> & Pick<BulkControl, 'settled' | 'ready' | 'claim'> & { dryRun: boolean }

async function runEach (scope: Scope, items: (BulkItem | undefined)[], options: EachOptions): Promise<void> {
  const turn = beginWaitingTurn()
  await pMap(items.keys(), async (index) => {
    // A refused item makes no call to AWS, so a long row of refused items would keep other work from running.
    if (turn.isOver()) await turn.next()
    await options.ready?.(options.signal)
    const item = items[index]
    items[index] = undefined
    if (item === undefined || await options.claim?.(index) === false) return
    const wasBegun = options.begun.has(index)
    options.settled(await runItem(wasBegun ? asRepeated(scope) : scope, item, { ...options, wasBegun }), index)
  }, { concurrency: options.concurrency })
}

async function runItem (
  scope: Scope, item: BulkItem, options: Omit<EachOptions, 'settled' | 'ready' | 'claim'> & { wasBegun: boolean }
): Promise<BulkOutcome> {
  const { signal, dryRun, wasBegun } = options
  if (signal.aborted) return { name: item.name, result: 'not-started' }
  return attempt(item, async () => {
    if (item.withheld) return findWithheld(scope, item, wasBegun && !dryRun)
    if (!dryRun) {
      assertMay(scope, 'CreateSecret', item.name)
      return createOrChangeItem(scope, item, options)
    }
    const plan = await planItem(scope, item, options)
    return compact({ name: item.name, result: plan?.result ?? 'created', arn: visibleArn(scope, plan) })
  })
}

async function runAtomic (scope: Scope, items: (BulkItem | undefined)[], options: RunOptions & BulkControl): Promise<void> {
  // The run may stay in memory after it has ended, but the secrets' values should not. So the items are removed from its list.
  const all = items.splice(0).filter((item) => item !== undefined)
  const outcomes = await atomically(scope, all, options)
  for (const [index, outcome] of outcomes.entries()) options.settled(outcome, index)
}

/** Returns the status of the reply, and the problem of the request as a whole if there is one. */
function conclusionOf (
  counts: BulkCounts, total: number, { dryRun, atomic, failOnError }: { dryRun: boolean, atomic: boolean, failOnError: boolean }
): Pick<BulkSummary, 'status' | 'code'> {
  const isComplete = counts.failed + counts.notStarted + counts.rolledBack === 0
  if (!isComplete && atomic && !dryRun) return { status: 409, code: 'not-all-done' }
  if (!isComplete && failOnError) return { status: 409, code: 'some-failed' }
  return { status: counts.created === total && !dryRun ? 201 : 200 }
}
