import { stripVTControlCharacters, styleText } from 'node:util'
import type { Terminal } from './terminal.ts'

type Style = Parameters<typeof styleText>[0]

/** A text in a colour, where the output is a terminal that shows colours and NO_COLOR (no-color.org) does not forbid them. */
function styled ({ stdout, env }: Terminal, style: Style, text: string): string {
  const showsColours = stdout.isTTY === true && env.TERM !== 'dumb' && (env.NO_COLOR ?? '') === ''
  // Whether it does is decided by the terminal's own variables, and not by those of this process.
  return showsColours ? styleText(style, text, { validateStream: false }) : text
}

/** Text that others wrote, fit for a terminal: it must not be able to steer it. */
export const plain = (text: string): string => stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ')

/** The styles of cells by what stands in them; a cell may hold any word, also one that every object has a member of. */
export const styleFrom = (styles: Partial<Record<string, Style>>) => (cell: string): Style | undefined =>
  Object.hasOwn(styles, cell) ? styles[cell] : undefined

/**
 * Rows as lines, in columns as wide as their widest cell.
 *
 * @param style the colour of a cell, where it has one
 */
export function table (
  terminal: Terminal,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  style: (cell: string) => Style | undefined = () => undefined
): string[] {
  const cells = rows.map((row) => row.map(plain))
  const widths = headings.map((heading, column) => Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[], styleOf: (cell: string) => Style | undefined): string => row.map((cell, column) => {
    const padded = column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)
    const own = styleOf(cell)
    return own === undefined ? padded : styled(terminal, own, padded)
  }).join('  ').trimEnd()
  return [line(headings, () => 'bold'), ...cells.map((row) => line(row, style))]
}
