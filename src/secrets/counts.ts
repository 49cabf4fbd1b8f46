/** The name of each result's count in a reply. */
export const countOf = {
  created: 'created',
  updated: 'updated',
  unchanged: 'unchanged',
  skipped: 'skipped',
  restored: 'restored',
  failed: 'failed',
  'rolled-back': 'rolledBack',
  'not-started': 'notStarted'
} as const

/** The number of secrets with each result. */
export type Counts<Result extends keyof typeof countOf> = Record<(typeof countOf)[Result], number>

/** Returns a count of 0 for each result. */
export const zeroCounts = <Result extends keyof typeof countOf>(results: readonly Result[]): Counts<Result> =>
  Object.fromEntries(results.map((result) => [countOf[result], 0])) as Counts<Result>
