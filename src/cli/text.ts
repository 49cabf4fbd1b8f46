import { isUtf8 } from 'node:buffer'
import { CommandFailure } from './terminal.ts'

/** Returns true for `.` and `..`, which URL parsers resolve as relative path segments. */
export const isDots = (text: string): boolean => text === '.' || text === '..'

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
