import { stripVTControlCharacters, styleText } from 'node:util'
import type { Terminal } from './terminal.ts'

type Style = Parameters<typeof styleText>[0]

/** Styles text if NO_COLOR (https://no-color.org) is not set, and if standard output is a terminal that supports colours. */
function styled ({ stdout, env }: Terminal, style: Style, text: string): string {
  const showsColours = stdout.isTTY === true && env.TERM !== 'dumb' && (env.NO_COLOR ?? '') === ''
  // validateStream would consult this process's environment variables instead of the given terminal's.
  return showsColours ? styleText(style, text, { validateStream: false }) : text
}

/**
 * Removes escape sequences from text, and replaces other control characters with spaces. Otherwise, untrusted text could control
 * the terminal.
 */
export const plain = (text: string): string => stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ')

/** Returns a function that looks up a cell's style by its text. Inherited names such as `constructor` have no style. */
export const styleFrom = (styles: Partial<Record<string, Style>>) => (cell: string): Style | undefined =>
  Object.hasOwn(styles, cell) ? styles[cell] : undefined

/**
 * Formats rows as lines, with each column as wide as its widest cell.
 *
 * @param style returns a cell's style, if it has one
 */
export function table (
  terminal: Terminal,
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  style: (cell: string) => Style | undefined = () => undefined
): string[] {
  const cells = rows.map((row) => row.map(plain))
  const widths = headings.map((heading, column) =>
    cells.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), heading.length))
  const line = (row: readonly string[], styleOf: (cell: string) => Style | undefined): string => row.map((cell, column) => {
    const padded = column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)
    const own = styleOf(cell)
    return own === undefined ? padded : styled(terminal, own, padded)
  }).join('  ').trimEnd()
  return [line(headings, () => 'bold'), ...cells.map((row) => line(row, style))]
}
