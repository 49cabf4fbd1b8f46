import type { Line, Style } from '#src/command-line/output'
import { visible } from '#src/command-line/visible'

/** Returns a function that looks up a cell's style by its text. Inherited names such as `constructor` have no style. */
export const styleFrom = (styles: Partial<Record<string, Style>>) => (cell: string): Style | undefined =>
  Object.hasOwn(styles, cell) ? styles[cell] : undefined

/**
 * Formats rows as lines, with each column as wide as its widest cell.
 *
 * @param style returns a cell's style, if it has one
 * @param least the minimum width of each column, for rows that continue a table
 */
export function table (
  headings: readonly string[], rows: readonly (readonly string[])[], style: (cell: string) => Style | undefined = () => undefined,
  least: readonly number[] = []
): Line[] {
  const cells = rows.map((row) => row.map(visible))
  const widths = headings.map((heading, column) =>
    cells.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), Math.max(heading.length, least[column] ?? 0)))
  const line = (row: readonly string[], styleOf: (cell: string) => Style | undefined): Line => {
    const end = row.findLastIndex((cell) => cell !== '')
    return row.slice(0, end + 1).flatMap((cell, column) => column === end
      ? [{ text: cell, style: styleOf(cell) }]
      : [{ text: cell.padEnd(widths[column] ?? 0), style: styleOf(cell) }, { text: '  ' }])
  }
  return [line(headings, () => 'bold'), ...cells.map((row) => line(row, style))]
}
