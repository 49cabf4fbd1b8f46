import { styleFrom, table } from './table.ts'
import type { Terminal } from './terminal.ts'

/** What became of many secrets, as a bulk create and a promotion tell it. */
interface Results {
  dryRun: boolean
  counts: Readonly<Record<string, number>>
  items: readonly { name: string, result: string, problem?: object }[]
}

const colours: Partial<Record<string, 'green' | 'red' | 'yellow'>> = {
  created: 'green', updated: 'green', restored: 'green', failed: 'red', 'rolled-back': 'yellow', 'not-started': 'yellow'
}

/** What is wrong, and what to do about it. */
const said = (problem: object = {}): string => 'title' in problem && 'detail' in problem ? `${String(problem.title)}: ${String(problem.detail)}` : ''

/** A table of the results, and how many of each there are. */
export function itemLines (terminal: Terminal, { dryRun, counts, items }: Results): string[] {
  const rows = items.map(({ name, result, problem }) => [result, name, said(problem)])
  return [
    ...table(terminal, [dryRun ? 'PLAN' : 'RESULT', 'NAME', ''], rows, styleFrom(colours)),
    Object.entries(counts).filter(([, count]) => count > 0).map(([result, count]) => `${count} ${result}`).join(', ') || 'nothing to do'
  ]
}
