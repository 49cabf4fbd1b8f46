import { InvalidArgumentError } from 'commander'
import { isDots } from './text.ts'

/** A secret's name on the command line. */
export function secretName (text: string): string {
  if (text === '') throw new InvalidArgumentError('A name is not empty.')
  if (isDots(text)) throw new InvalidArgumentError('It is no name of a secret.')
  return text
}

/** A whole number of something, from 1 to the most that there can be. */
export const wholeNumberOf = (unit: string, most = 1_000_000) => (text: string): number => {
  const count = /^[1-9]\d*$/.test(text) ? Number(text) : 0
  if (count === 0 || count > most) throw new InvalidArgumentError(`It is a number of ${unit}, from 1 to ${most}.`)
  return count
}

/** A repeatable option of the form `KEY=VALUE`. */
export function pair (text: string, pairs: Record<string, string> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (key === undefined || value === undefined) throw new InvalidArgumentError('It is written KEY=VALUE.')
  if (Object.hasOwn(pairs, key)) throw new InvalidArgumentError(`${key} is there twice.`)
  return { ...pairs, [key]: value }
}
