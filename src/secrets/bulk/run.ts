import pMap from 'p-map'
import { inBackground } from '#src/aws/pace'
import { compact } from '#src/json/compact'
import { zeroCounts } from '#src/secrets/counts'
import { assertMay, type Scope } from '#src/secrets/scope'
import { atomically, attempt } from './atomic.ts'
import { makeItem } from './carry-out.ts'
import { bulkItems, type BulkItem } from './items.ts'
import { planItem, type BulkOutcome } from './plan.ts'
import { countOf, type BulkCounts, type BulkCreateBody, type BulkStop } from './schemas.ts'

/** How a run is followed and stopped. */
export interface BulkControl {
  /** Begins no further secret once it is aborted; its reason is a `BulkStop`. */
  readonly signal: AbortSignal
  /** Told of each secret once it is final, with its place in the request. */
  readonly settled: (outcome: BulkOutcome, index: number) => void
  /** Told how many are done, of an atomic run, where none is final before the end. */
  readonly progress: (done: number) => void
}

export interface BulkSummary {
  dryRun: boolean
  counts: BulkCounts
  /** Why not all were begun. */
  stopped?: BulkStop
  /** 201 where all were created, 409 where an atomic request was not done, 200 otherwise. */
  status: 200 | 201 | 409
}

/** A request that was found right. */
export interface BulkRun {
  readonly total: number
  readonly dryRun: boolean
  /** Runs it; can be called once, since each value is let go of when it is not needed any more. */
  readonly run: (control: BulkControl) => Promise<BulkSummary>
}

const defaults = { concurrency: 8, timeoutSeconds: 3_600 }

/**
 * Gets a bulk create ready.
 *
 * @throws Problem `invalid-request` with every mistake in the request, before anything is written
 */
export function prepareBulk (scope: Scope, body: BulkCreateBody): BulkRun {
  const items: (BulkItem | undefined)[] = bulkItems(scope.environment, body)
  const { onConflict = 'fail', restore = false, dryRun = false, atomic = false } = body
  const { concurrency, timeoutSeconds } = { ...defaults, ...body.settings }
  const total = items.length
  return {
    total,
    dryRun,
    async run (control) {
      const { signal, timeout } = withTimeout(control.signal, timeoutSeconds)
      const options = { onConflict, restore, concurrency, signal }
      const counts = zeroCounts(countOf)
      const settled = (outcome: BulkOutcome, index: number): void => {
        counts[countOf[outcome.result]]++
        control.settled(outcome, index)
      }
      try {
        await inBackground(signal, async () => atomic && !dryRun
          ? runAtomic(scope, items, { ...options, ...control, signal, settled })
          : runEach(scope, items, { ...options, dryRun, settled }))
      } finally {
        clearTimeout(timeout)
      }
      const stopped = counts.notStarted > 0 || counts.rolledBack > 0 ? signal.reason as BulkStop | undefined : undefined
      return compact({ dryRun, counts, stopped, status: statusOf(counts, total, { dryRun, atomic }) })
    }
  }
}

type RunOptions = Parameters<typeof atomically>[2]

/** The signal, which is aborted also when the time is over. */
function withTimeout (stop: AbortSignal, seconds: number): { signal: AbortSignal, timeout: NodeJS.Timeout } {
  const controller = new AbortController()
  const timeout = setTimeout(() => { controller.abort('timeout' satisfies BulkStop) }, seconds * 1_000)
  return { signal: AbortSignal.any([stop, controller.signal]), timeout }
}

type EachOptions = Omit<RunOptions, 'progress'> & Pick<BulkControl, 'settled'> & { dryRun: boolean }

async function runEach (scope: Scope, items: (BulkItem | undefined)[], options: EachOptions): Promise<void> {
  await pMap(items.keys(), async (index) => {
    const item = items[index]
    items[index] = undefined
    if (item !== undefined) options.settled(await runItem(scope, item, options), index)
  }, { concurrency: options.concurrency })
}

async function runItem (scope: Scope, item: BulkItem, options: Omit<EachOptions, 'settled'>): Promise<BulkOutcome> {
  const { signal, dryRun } = options
  if (signal.aborted) return { name: item.name, result: 'not-started' }
  return attempt(item, async () => {
    if (!dryRun) {
      assertMay(scope, 'CreateSecret', item.name)
      return makeItem(scope, item, options)
    }
    const plan = await planItem(scope, item, options)
    return compact({ name: item.name, result: plan?.result ?? 'created', arn: plan?.existing.arn })
  })
}

async function runAtomic (scope: Scope, items: (BulkItem | undefined)[], options: RunOptions & BulkControl): Promise<void> {
  // Taken out, so that nobody who keeps the run keeps their values.
  const all = items.splice(0).filter((item) => item !== undefined)
  const outcomes = await atomically(scope, all, options)
  for (const [index, outcome] of outcomes.entries()) options.settled(outcome, index)
}

function statusOf (counts: BulkCounts, total: number, { dryRun, atomic }: { dryRun: boolean, atomic: boolean }): BulkSummary['status'] {
  if (dryRun) return 200
  if (atomic && counts.failed + counts.notStarted + counts.rolledBack > 0) return 409
  return counts.created === total ? 201 : 200
}
