import { causeText, type FailureEffect } from '#src/problems/failure'
import { groups, type Group } from '#test/faults/table'
import type { Call, Promised, Row } from '#test/faults/row'
import { situations } from '#test/faults/situations'

const columns = ['what goes wrong', 'call', 'reply', '`Retry-After`', 'what the reply says', 'attempts', 'works again']

const effects = {
  'not-done': 'It was not carried out.',
  'only-read': 'Nothing was changed.',
  unknown: 'It is unknown whether it was carried out.',
  'unknown-by-whom': 'It is unknown who carried it out.'
} as const satisfies Record<FailureEffect, string>

function replyOf ({ status, code, atDeadline }: Promised): string {
  if (code === undefined) return String(status)
  return `${status} \`${code}\`${atDeadline === true ? ', at the deadline' : ''}`
}

const saidOf = ({ cause, effect }: Promised): string =>
  cause === undefined || effect === undefined ? '–' : `${causeText(cause)} ${effects[effect]}`

/** Returns a row's cells without the first two, which contain the fault and the calls. */
const cellsOf = ({ promise }: Row): string => [
  replyOf(promise), promise.retryAfter ?? '–', saidOf(promise), promise.attempts, promise.pause === undefined ? 'at once' : `after ${promise.pause} s`
].join(' | ')

/** Returns the lines of a group's table. Calls with the same fault and the same promise share a line. */
function tableOf ({ title, rows }: Group): string[] {
  const lines = Map.groupBy(rows, (row) => JSON.stringify([row.what, cellsOf(row)]))
  return [
    `### ${title}`,
    '',
    `| ${columns.join(' | ')} |`,
    `|${' --- |'.repeat(columns.length)}`,
    ...Array.from(lines.values(), (same) => {
      const calls = same.map(({ call }): Call => call).join(', ')
      return same.slice(0, 1).map((row) => `| ${row.what} | ${calls} | ${cellsOf(row)} |`)
    }).flat(),
    ''
  ]
}

/** Returns the tables of `docs/reliability.md`: the faults between the gateway and AWS, and the other situations. */
export const reliabilityTables = (): string => [
  ...Object.values(groups).flatMap(tableOf),
  '### Callers, clocks and load',
  '',
  '| what happens | what the gateway does |',
  '| --- | --- |',
  ...Object.values(situations).map(({ what, promise }) => `| ${what} | ${promise} |`)
].join('\n')
