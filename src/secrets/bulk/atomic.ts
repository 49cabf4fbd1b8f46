import { randomUUID } from 'node:crypto'
import pMap from 'p-map'
import { inBackground } from '#src/aws/pace'
import { compact } from '#src/json/compact'
import { Problem } from '#src/problems/problem'
import { hasValue } from '#src/secrets/metadata'
import type { Scope } from '#src/secrets/scope'
import { changeItem, createItem, type Trace } from './carry-out.ts'
import type { BulkItem } from './items.ts'
import { isUpdate, planItem, type BulkOutcome, type Conflicts, type Plan } from './plan.ts'
import { takeBack } from './take-back.ts'

interface Step {
  readonly item: BulkItem
  readonly plan: Plan | undefined
  readonly trace: Trace
  outcome?: BulkOutcome
}

interface Options extends Conflicts {
  readonly concurrency: number
  readonly signal: AbortSignal
  /** Told how many are done, while none of it is final. */
  readonly progress: (done: number) => void
}

/**
 * All or nothing: looks at all first, and writes only where all can be done; on a failure, or where it is stopped, puts back what
 * this call has changed.
 */
export async function atomically (given: Scope, items: readonly BulkItem[], options: Options): Promise<BulkOutcome[]> {
  const { concurrency, signal, progress } = options
  const plans = await pMap(items, async (item) => signal.aborted ? undefined : planned(given, item, options), { concurrency })
  const refused = plans.some((plan) => plan instanceof Problem)
  const steps = items.map((item, index): Step => {
    const plan = plans[index]
    return plan instanceof Problem
      ? { item, plan: undefined, trace: {}, outcome: failed(item, plan) }
      : { item, plan, trace: {} }
  })
  if (refused) return steps.map(settled)

  // So that of a call whose answer is lost it can be told whether it was carried out.
  const scope = { ...given, idempotencyKey: given.idempotencyKey ?? randomUUID() }
  let done = 0
  let failing = false
  const work = async (step: Step): Promise<void> => {
    if (failing || signal.aborted) return
    step.outcome = await attempt(step.item, async () => step.plan === undefined
      ? createItem(scope, step.item, step.trace)
      : changeItem(scope, step.plan, step.trace))
    failing ||= step.outcome.result === 'failed'
    progress(++done)
  }
  // What can't be taken back comes last, and one at a time.
  const final = steps.filter(({ plan }) => isFinal(plan))
  await pMap(steps.filter(({ plan }) => !isFinal(plan)), work, { concurrency })
  for (const step of final) await work(step)

  const complete = steps.every(({ outcome }) => outcome !== undefined && outcome.result !== 'failed')
  // Also where it was stopped, taking back is as patient as the work was.
  const patient = new AbortController().signal
  if (!complete) await inBackground(patient, async () => pMap(steps, async (step) => undo(scope, step), { concurrency }))
  return steps.map(settled)
}

async function planned (scope: Scope, item: BulkItem, conflicts: Conflicts): Promise<Plan | undefined | Problem> {
  try {
    return await planItem(scope, item, conflicts)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error
  }
}

/** AWS does not let a secret be without a current version again. */
const isFinal = (plan: Plan | undefined): boolean => plan !== undefined && isUpdate(plan.gives) && !hasValue(plan.existing)

const failed = (item: BulkItem, problem: Problem): BulkOutcome => ({ name: item.name, result: 'failed', problem })

export async function attempt (item: BulkItem, work: () => Promise<BulkOutcome>): Promise<BulkOutcome> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return failed(item, error)
  }
}

const settled = ({ item, outcome }: Step): BulkOutcome => outcome ?? { name: item.name, result: 'not-started' }

async function undo (scope: Scope, step: Step): Promise<void> {
  const { item, plan, trace, outcome } = step
  // What an earlier run of the same request has made is not this call's to take back.
  if (outcome === undefined || Object.keys(trace).length === 0) return
  try {
    await takeBack(scope, compact({ item: plan?.gives ?? item, trace, existing: plan?.existing }))
    if (outcome.result !== 'failed') step.outcome = compact({ name: item.name, result: 'rolled-back' as const, arn: plan?.existing.arn })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    step.outcome = { ...outcome, problem: error }
  }
}
