import type { GatewayClient } from '#src/client/client'
import { bulkCreate, type BulkResult } from './bulk.ts'
import type { Manifest } from './manifest.ts'
import { isForPrograms, type OutputOptions } from './output-format.ts'
import { comparisonsFor, withComparisons } from './plan.ts'
import { confirm } from './prompt.ts'
import { incomplete, itemLines } from './results.ts'
import { CommandFailure, print, WrongUsage, type Terminal } from './terminal.ts'

/** The options of a bulk create. */
export interface PlanOptions extends OutputOptions {
  /** True to show the plan without writing anything. */
  dryRun: boolean
  /** True to ask for confirmation after showing the plan. */
  asks: boolean
}

/** Returns true if a plan contains nothing to write. */
const isUpToDate = ({ counts }: BulkResult): boolean => counts.created + counts.updated + counts.restored === 0

/** @throws CommandFailure if any secret failed, was rolled back or was not started */
function throwIfIncomplete ({ counts, items, stopped, dryRun }: BulkResult): void {
  const failed = counts.failed + counts.rolledBack + counts.notStarted
  if (failed === 0) return
  const what = dryRun ? 'can\'t be written' : stopped === undefined ? 'failed' : `were not applied: ${stopped}`
  throw incomplete(`${failed} of ${items.length} ${what}`, items)
}

/**
 * Shows the plan of a bulk create and, unless `dryRun` is set, carries it out.
 *
 * @throws CommandFailure if the user declines, or if any secret failed
 * @throws WrongUsage if confirmation is required, but there is no terminal to ask on
 * @throws GatewayProblem, GatewayUnreachable
 */
export async function planAndCreate (
  gateway: GatewayClient, env: string, body: Manifest['body'], { dryRun, asks, ...options }: PlanOptions, terminal: Terminal
): Promise<void> {
  const plan = await bulkCreate(gateway, env, { ...body, dryRun: true }, terminal)
  const isPlan = dryRun || body.dryRun === true || isUpToDate(plan)
  const shown = { ...plan, items: withComparisons(plan.items, await comparisonsFor(gateway, env, body, plan.items)) }
  if (isPlan || !isForPrograms(options)) print(terminal, options, shown, itemLines(shown))
  if (isPlan) {
    throwIfIncomplete(plan)
    return
  }
  if (asks) {
    if (terminal.stdin.isTTY !== true) throw new WrongUsage('No terminal to ask for confirmation: --yes carries the plan out without asking')
    if (!await confirm(terminal, `Carry out this plan in ${env}?`)) throw new CommandFailure('Nothing was written')
  }
  const result = await bulkCreate(gateway, env, body, terminal)
  print(terminal, options, result, ['', ...itemLines(result)])
  throwIfIncomplete(result)
}
