import { visible } from '#src/command-line/visible'

/** A spreadsheet treats a cell that begins with one of these characters as a formula, and evaluates it. */
const formula = /^[=+\-@\t\r]/

/**
 * Matches the positions inside a cell at which an apostrophe is needed. In locales with a decimal comma, spreadsheets end a cell
 * at a semicolon, even within quotes that began after a comma.
 */
const formulaAfterSemicolon = /(?<=;)(?="*[=+\-@\t\r])/g

/**
 * Formats a row as a line of CSV (RFC 4180), without the line break. Other people chose parts of the text, such as secrets'
 * names. Therefore, text that a spreadsheet would treat as a formula gets an apostrophe in front, and control characters are
 * escaped.
 */
export const csvLine = (cells: readonly (string | number | boolean)[]): string => cells.map(cellOf).join(',')

function cellOf (value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value)
  const text = visible((formula.test(value) ? `'${value}` : value).replaceAll(formulaAfterSemicolon, '\''))
  return /[",;]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
