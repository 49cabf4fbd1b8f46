const columns = ['median', '25 %', '75 %', 'ratio'] as const

/** Returns a quantile of numbers that are sorted in ascending order. `part` is between 0 and 1; 0.5 returns the median. */
export const quantile = (sorted: readonly number[], part: number): number => sorted[Math.round((sorted.length - 1) * part)] ?? NaN

/** Returns the median of numbers in any order. */
export const median = (numbers: readonly number[]): number => quantile(numbers.toSorted((one, other) => one - other), 0.5)

const width = 9
const titleWidth = 36

/** Formats the table's header. */
export const header = (measured: string): string =>
  measured.padEnd(titleWidth) + columns.map((column) => column.padStart(width)).join('')

/** Formats a row of the table: a contender's median and quartiles, and the ratio of its median to the baseline's. */
export function row (title: string, measured: readonly number[], baseline: readonly number[]): string {
  const sorted = measured.toSorted((one, other) => one - other)
  const numbers = [0.5, 0.25, 0.75].map((part) => quantile(sorted, part).toFixed(0).padStart(width))
  return title.padEnd(titleWidth) + numbers.join('') + (median(measured) / median(baseline)).toFixed(2).padStart(width)
}

/** Formats a median, with the first and the third quartile in parentheses. */
export function spread (measured: readonly number[]): string {
  const sorted = measured.toSorted((one, other) => one - other)
  const [middle, first, third] = [0.5, 0.25, 0.75].map((part) => quantile(sorted, part).toFixed(0))
  return `${middle} (${first} to ${third})`
}
