import type { Line } from '#src/command-line/output'
import type { Schemas } from '#src/client/client'
import { sentenceOf } from './problem-lines.ts'
import { styleFrom, table } from './table.ts'
import { CommandFailure, type Terminal } from './terminal.ts'

/** The results of a bulk create or a promotion. */
interface Results {
  dryRun: boolean
  counts: Readonly<Record<string, number>>
  items: readonly { name: string, result: string, warnings?: readonly string[], problem?: Schemas['Problem'] }[]
}

const colours: Partial<Record<string, 'green' | 'red' | 'yellow'>> = {
  created: 'green', updated: 'green', restored: 'green', failed: 'red', create: 'green', update: 'green', restore: 'green', fail: 'red', 'rolled-back': 'yellow', 'not-started': 'yellow'
}

/** Prints a warning to standard error if the gateway left out secrets because of their names. */
export function warnOfUnaddressable (terminal: Terminal, count: number, environment?: string): void {
  if (count === 0) return
  const where = environment === undefined ? '' : ` in ${environment}`
  terminal.stderr.lines([`${count} more${where}, with names that the gateway can't address, such as a//b`])
}

/** Returns the title and detail of an item's problem. If the item has no problem, returns its warnings on a single line. */
function remarkFor ({ problem, warnings = [] }: Results['items'][number]): string {
  return problem === undefined ? warnings.join(' ') : sentenceOf(problem)
}

/**
 * Returns the failure of a command that was only partly successful, with the next step.
 *
 * @param summary a description, such as "1 of 2 failed"
 */
export function incomplete (summary: string, items: Results['items']): CommandFailure {
  const someExist = items.some(({ problem }) => problem?.code === 'secret-exists')
  return new CommandFailure(summary,
    ...someExist ? ['To leave secrets that exist as they are, add --on-conflict skip; to change them, --on-conflict update'] : [],
    'Correct the cause, which the table names, and run the command again')
}

/** The words for results in a plan, in which nothing has happened yet. */
const intentions: Partial<Record<string, string>> = {
  created: 'create', updated: 'update', restored: 'restore', skipped: 'skip', unchanged: 'keep', failed: 'fail', 'not-started': 'not start'
}

const intentionFor = (result: string): string => Object.hasOwn(intentions, result) ? intentions[result] ?? result : result

/** Formats results as a table, followed by a line that counts each kind of result. */
export function itemLines ({ dryRun, counts, items }: Results): Line[] {
  const word = dryRun ? intentionFor : (result: string): string => result
  const found = Object.entries(counts).filter(([, count]) => count > 0)
  const countLine = found.map(([result, count]) => `${count} ${dryRun ? 'to ' : ''}${word(result)}`).join(', ')
  const rows = items.map((item) => [word(item.result), item.name, remarkFor(item)])
  return [
    ...table([dryRun ? 'PLAN' : 'RESULT', 'NAME', ''], rows, styleFrom(colours)),
    countLine || 'nothing to do'
  ]
}
