import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import { hasValue } from '#src/aws/secret'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { beginWaitingTurn } from '#src/scheduling/turns'
import { inBackground, type Scope } from '#src/secrets/scope'
import { changeItem, createItem, type Trace } from './carry-out.ts'
import type { BulkItem } from './items.ts'
import { asRepeated, assertMayCarryOut, isUpdate, planItem, visibleArn, type BulkOutcome, type Conflicts, type Plan } from './plan.ts'
import { rollBack } from './roll-back.ts'

interface Step {
  readonly index: number
  readonly item: BulkItem
  readonly plan: Plan | undefined
  readonly trace: Trace
  outcome?: BulkOutcome
}

interface Options extends Conflicts {
  readonly concurrency: number
  readonly signal: AbortSignal
  /** Called with the number of processed secrets. Their outcomes are not final, because they may still be rolled back. */
  readonly progress: (done: number) => void
  /** The indexes of the items that another process has begun. */
  readonly begun: ReadonlySet<number>
  /**
   * Awaited before each item is written, and before it is rolled back. Resolves to false if this process must not touch the item.
   */
  readonly claim?: (index: number) => Promise<boolean>
}

/**
 * Writes all secrets or none. Plans all of them first, and writes only if every plan succeeds. If a write fails or the run is
 * stopped, rolls back its own changes.
 */
export async function atomically (given: Scope, items: readonly BulkItem[], options: Options): Promise<BulkOutcome[]> {
  const { concurrency, signal, progress, begun, claim } = options
  const scopeOf = (scope: Scope, index: number): Scope => begun.has(index) ? asRepeated(scope) : scope
  const turn = beginWaitingTurn()
  const plans = await pMap(items, async (item, index) => {
    if (turn.isOver()) await turn.next()
    return signal.aborted ? undefined : planned(scopeOf(given, index), item, options)
  }, { concurrency })
  const refused = plans.some((plan) => plan instanceof Problem)
  const steps = items.map((item, index): Step => {
    const plan = plans[index]
    return plan instanceof Problem
      ? { index, item, plan: undefined, trace: {}, outcome: failed(item, plan) }
      : { index, item, plan, trace: {} }
  })
  if (refused) return steps.map(settled)

  // With an idempotency key, the IDs of new versions are known in advance. After a lost response, the IDs show whether AWS
  // carried out the call.
  const scope = { ...given, idempotencyKey: given.idempotencyKey ?? given.versionKey ?? randomUUID() }
  let done = 0
  let failing = false
  const work = async (step: Step): Promise<void> => {
    if (failing || signal.aborted || await claim?.(step.index) === false) return
    step.outcome = await attempt(step.item, async () => {
      assertMayCarryOut(scope, step.item, step.plan)
      return step.plan === undefined ? createItem(scope, step.item, step.trace) : changeItem(scope, step.plan, step.trace)
    })
    failing ||= step.outcome.result === 'failed'
    progress(++done)
  }
  // Changes that can't be rolled back come last, one at a time.
  const final = steps.filter(({ plan }) => isFinal(plan))
  await pMap(steps.filter(({ plan }) => !isFinal(plan)), work, { concurrency })
  for (const step of final) await work(step)

  const complete = steps.every(({ outcome }) => outcome !== undefined && outcome.result !== 'failed')
  if (!complete) {
    // Throttled calls are retried only until a signal is aborted. The run's signal may be aborted already, so the rollback gets a
    // new signal.
    const rollbackScope = inBackground(scope, new AbortController().signal)
    await pMap(steps, async (step) => {
      if (hasChanged(step) && await claim?.(step.index) !== false) await undo(rollbackScope, step)
    }, { concurrency })
  }
  return steps.map(settled)
}

async function planned (scope: Scope, item: BulkItem, conflicts: Conflicts): Promise<Plan | undefined | Problem> {
  try {
    if (item.withheld) throw new Problem('value-needed')
    return await planItem(scope, item, conflicts)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error
  }
}

/**
 * Returns true if the plan may give a placeholder its first value. This can't be rolled back, because AWS never removes
 * AWSCURRENT again.
 */
const isFinal = (plan: Plan | undefined): boolean => plan !== undefined && isUpdate(plan.changes) && !hasValue(plan.existing)

const failed = (item: BulkItem, problem: Problem): BulkOutcome => ({ name: item.name, result: 'failed', problem })

/** Runs `work` for an item. If `work` throws a problem, returns a failed outcome. */
export async function attempt (item: BulkItem, work: () => Promise<BulkOutcome>): Promise<BulkOutcome> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return failed(item, error)
  }
}

const settled = ({ item, outcome }: Step): BulkOutcome => outcome ?? { name: item.name, result: 'not-started' }

/** Returns true if this run may have changed the secret. Changes by an earlier run of the same request stay. */
const hasChanged = ({ outcome, trace }: Step): boolean => outcome !== undefined && Object.keys(trace).length > 0

async function undo (scope: Scope, step: Step): Promise<void> {
  const { item, plan, trace, outcome } = step
  try {
    await rollBack(scope, compact({ item: plan?.changes ?? item, trace, existing: plan?.existing }))
    if (outcome?.result !== 'failed') step.outcome = compact({ name: item.name, result: 'rolled-back' as const, arn: visibleArn(scope, plan) })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    step.outcome = { ...outcome ?? settled(step), problem: error }
  }
}
