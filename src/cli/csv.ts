import { visible } from '#src/command-line/visible'

/** Spreadsheets take a cell that begins with one of these characters for a formula, and would calculate it. */
const formula = /^[=+\-@\t\r]/

/**
 * Matches the place of an apostrophe inside a cell. Where the comma is the decimal separator, spreadsheets take a semicolon for
 * the end of a cell, even in quotes that began after a comma.
 */
const formulaAfterSemicolon = /(?<=;)(?="*[=+\-@\t\r])/g

/**
 * Formats a row as a line of CSV (RFC 4180), without the line break. Others choose parts of the text, such as a secret's name.
 * Therefore, text that a spreadsheet would take for a formula gets an apostrophe in front, and control characters are escaped.
 */
export const csvLine = (cells: readonly (string | number | boolean)[]): string => cells.map(cellOf).join(',')

function cellOf (value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value)
  const text = visible((formula.test(value) ? `'${value}` : value).replaceAll(formulaAfterSemicolon, '\''))
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
