import { isUtf8 } from 'node:buffer'
import { CommandFailure } from './terminal.ts'

/** Whether it is `.` or `..`, which a URL takes for a way to elsewhere. */
export const isDots = (text: string): boolean => text === '.' || text === '..'

/**
 * A value as the text of a variable.
 *
 * @param secret whose it is, for the message
 * @throws CommandFailure for what a variable can't hold
 */
export function asText (secret: string, value: Buffer): string {
  if (!isUtf8(value) || value.includes(0)) throw new CommandFailure(`${secret} is binary, and can't be in a variable`)
  return value.toString()
}
