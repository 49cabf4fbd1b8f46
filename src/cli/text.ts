import { isUtf8 } from 'node:buffer'
import { CommandFailure } from './terminal.ts'

/** Returns true for `.` and `..`, which URL parsers resolve as relative path segments. */
export const isDots = (text: string): boolean => text === '.' || text === '..'

/** Formats a number of things: `1 tag`, `2 tags`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

/** Quotes text for a POSIX shell. Between single quotes, all characters are literal; only a single quote can't occur there. */
export const shellQuoted = (text: string): string => `'${text.replaceAll('\'', '\'\\\'\'')}'`

/** Formats an argument for a command line that is shown to the user. Quotes the argument only if necessary. */
export const shellWord = (text: string): string => /^[\w/.:=#@%+,-]+$/.test(text) ? text : shellQuoted(text)

/**
 * Decodes a value as the text of an environment variable.
 *
 * @param secret the secret's name, for the error message
 * @throws CommandFailure for invalid UTF-8 and for NUL bytes
 */
export function asText (secret: string, value: Buffer): string {
  if (!isUtf8(value) || value.includes(0)) throw new CommandFailure(`${secret} is binary, which a variable can't hold`)
  return value.toString()
}
