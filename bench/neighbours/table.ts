import { median, quantile } from '../statistics.ts'
import type { Seen } from './quiet.ts'

/** The results of one measurement. */
export interface Measurement extends Seen {
  /** The fraction of its core that the gateway used, from 0 to 1. */
  readonly gateway: number
  /** The fraction of the other core that the backend used, and that the greedy client or the burners used. */
  readonly backend: number
  readonly companions: number
}

/** The measurements of each round: without other clients, with a greedy client, and with burners that cause the same load. */
export interface Row {
  readonly title: string
  readonly idle: Measurement[]
  readonly greedy: Measurement[]
  readonly burner: Measurement[]
}

/** The maximum ratio of the p99 with a greedy client to the p99 with burners. */
const maximumRatio = 3

const parts = { p50: 0.5, p99: 0.99 } as const

const timesOf = (measurements: readonly Measurement[], part: keyof typeof parts): number[] =>
  measurements.map(({ times }) => quantile(times.toSorted((one, other) => one - other), parts[part]))

/** Formats times in milliseconds: the median and, in parentheses, the shortest and the longest one. */
function spread (times: readonly number[]): string {
  const sorted = times.toSorted((one, other) => one - other)
  const [least, most] = [quantile(sorted, 0), quantile(sorted, 1)].map((time) => time.toFixed(1))
  return `${median(times).toFixed(1)} (${least}–${most})`
}

const ratio = (measured: readonly Measurement[], baseline: readonly Measurement[]): number =>
  median(timesOf(measured, 'p99')) / median(timesOf(baseline, 'p99'))

const percent = (measurements: readonly Measurement[], part: (one: Measurement) => number): string =>
  `${(median(measurements.map(part)) * 100).toFixed(0)} %`

/** Lists how often each status other than 200 occurred in all rounds. */
function refusals (measurements: readonly Measurement[]): string {
  const counts = new Map<string, number>()
  for (const [status, count] of measurements.flatMap(({ statuses }) => [...statuses])) {
    counts.set(status, (counts.get(status) ?? 0) + count)
  }
  counts.delete('200')
  return Array.from(counts, ([status, count]) => `${count} × ${status}`).join(', ') || 'none'
}

const columns = ['', 'p50 (ms)', 'p99 (ms)', 'ratio to alone', 'ratio to equal load', 'gateway CPU', 'other CPU', 'not 200']

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`

/** Prints the results as a Markdown table. */
export function printTable (rows: readonly Row[]): void {
  console.log(line(columns))
  console.log(line(columns.map(() => '---')))
  const shares = (measured: readonly Measurement[]): string[] =>
    [percent(measured, ({ gateway }) => gateway), percent(measured, ({ backend, companions }) => backend + companions)]
  const print = (title: string, measured: readonly Measurement[], ratios: readonly [string, string]): void => {
    const [p50, p99] = [spread(timesOf(measured, 'p50')), spread(timesOf(measured, 'p99'))]
    console.log(line([title, p50, p99, ...ratios, ...shares(measured), refusals(measured)]))
  }
  print('alone', rows[0]?.idle ?? [], ['1.0', ''])
  for (const { title, idle, greedy, burner } of rows) {
    const isBurnt = burner.length > 0
    print(title, greedy, [ratio(greedy, idle).toFixed(1), isBurnt ? ratio(greedy, burner).toFixed(1) : ''])
    if (isBurnt) print('— alone at equal load', burner, [ratio(burner, idle).toFixed(1), '1.0'])
  }
}

/** Returns true if the quiet caller's reads were fast enough with every greedy client, and none of them got a 504. */
export const isPassed = (rows: readonly Row[]): boolean => rows.every(({ idle, greedy, burner }) =>
  ratio(greedy, burner.length > 0 ? burner : idle) <= maximumRatio && greedy.every(({ statuses }) => !statuses.has('504')))

/** Returns true if the quiet caller was served in each measurement, and never waited until the time limit. */
export const isServed = (rows: readonly Row[]): boolean => rows.every(({ idle, greedy }) =>
  [...idle, ...greedy].every(({ statuses }) => statuses.has('200') && !statuses.has('504')))
