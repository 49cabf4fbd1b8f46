const columns = ['median', '25 %', '75 %', 'ratio'] as const

/** A quantile of numbers that are sorted in ascending order, `part` from 0 to 1. */
export const quantile = (sorted: readonly number[], part: number): number => sorted[Math.round((sorted.length - 1) * part)] ?? NaN

export const median = (found: readonly number[]): number => quantile(found.toSorted((one, other) => one - other), 0.5)

const width = 9
const titleWidth = 36

/** The line above the table. */
export const header = (measured: string): string =>
  measured.padEnd(titleWidth) + columns.map((column) => column.padStart(width)).join('')

/** A line of the table: the median of the rounds, their quartiles, and the ratio to the contender that all are compared to. */
export function row (title: string, found: readonly number[], base: readonly number[]): string {
  const sorted = found.toSorted((one, other) => one - other)
  const numbers = [0.5, 0.25, 0.75].map((part) => quantile(sorted, part).toFixed(0).padStart(width))
  return title.padEnd(titleWidth) + numbers.join('') + (median(found) / median(base)).toFixed(2).padStart(width)
}
