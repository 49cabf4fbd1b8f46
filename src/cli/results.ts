import { styleFrom, table } from './table.ts'
import type { Terminal } from './terminal.ts'

/** The results of a bulk create or a promotion. */
interface Results {
  dryRun: boolean
  counts: Readonly<Record<string, number>>
  items: readonly { name: string, result: string, problem?: object }[]
}

const colours: Partial<Record<string, 'green' | 'red' | 'yellow'>> = {
  created: 'green', updated: 'green', restored: 'green', failed: 'red', 'rolled-back': 'yellow', 'not-started': 'yellow'
}

/** Warns on standard error of secrets that the gateway left out because of their names. */
export function warnOfUnaddressable (terminal: Terminal, count: number, environment?: string): void {
  if (count === 0) return
  const where = environment === undefined ? '' : ` in ${environment}`
  terminal.stderr.write(`${count} more${where}, with names that the gateway can't address, such as a//b\n`)
}

/** Formats an item's problem as its title and detail. */
const reasonFor = (problem: object = {}): string => 'title' in problem && 'detail' in problem ? `${String(problem.title)}: ${String(problem.detail)}` : ''

/** Formats results as a table, followed by a line that counts each kind of result. */
export function itemLines (terminal: Terminal, { dryRun, counts, items }: Results): string[] {
  const rows = items.map(({ name, result, problem }) => [result, name, reasonFor(problem)])
  return [
    ...table(terminal, [dryRun ? 'PLAN' : 'RESULT', 'NAME', ''], rows, styleFrom(colours)),
    Object.entries(counts).filter(([, count]) => count > 0).map(([result, count]) => `${count} ${result}`).join(', ') || 'nothing to do'
  ]
}
