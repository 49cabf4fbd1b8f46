import { InvalidArgumentError } from 'commander'
import { isDots } from './text.ts'

/**
 * Parses a secret's name.
 *
 * @throws InvalidArgumentError if the name is empty, `.` or `..`, because such a name can't be part of a URL's path
 */
export function secretName (text: string): string {
  if (text === '') throw new InvalidArgumentError('A name must not be empty.')
  if (isDots(text)) throw new InvalidArgumentError('That is not a valid secret name.')
  return text
}

/**
 * Parses the name of a field.
 *
 * @throws InvalidArgumentError if the name is empty, because the gateway would then return the whole value
 */
export function fieldName (text: string): string {
  if (text === '') throw new InvalidArgumentError('A field must not be empty.')
  return text
}

/**
 * Parses a prefix that selects the secrets whose names begin with it.
 *
 * @throws InvalidArgumentError if the prefix is empty, because it would select all secrets, which is rarely meant
 */
export function namePrefix (text: string): string {
  if (text === '') throw new InvalidArgumentError('A prefix must not be empty.')
  return text
}

/**
 * Parses an environment's name.
 *
 * @throws InvalidArgumentError if the name is empty, `.` or `..`
 */
export function environmentName (text: string): string {
  if (text === '' || isDots(text)) throw new InvalidArgumentError('That is not a valid environment name.')
  return text
}

/**
 * Returns a parser of positive integers.
 *
 * @param noun the expected kind of number, for the error message, such as "whole number of days"
 * @param max the largest accepted number
 */
export const positiveInteger = (noun: string, max = 1_000_000) => (text: string): number => {
  const number = /^[1-9]\d*$/.test(text) ? Number(text) : 0
  if (number === 0 || number > max) throw new InvalidArgumentError(`Must be a ${noun} from 1 to ${max}.`)
  return number
}

/**
 * Parses one `KEY=VALUE` pair of a repeatable option and adds it to the previous pairs.
 *
 * @throws InvalidArgumentError if the text has another form, or if its key is repeated
 */
export function pair (text: string, pairs: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('Must have the form KEY=VALUE.')
  if (Object.hasOwn(pairs, key)) throw new InvalidArgumentError(`${key} is given twice.`)
  return { ...pairs, [key]: value }
}
