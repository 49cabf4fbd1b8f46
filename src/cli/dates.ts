import { InvalidArgumentError } from 'commander'

const day = 24 * 60 * 60 * 1_000

const units = { m: 60 * 1_000, h: 60 * 60 * 1_000, d: day } as const

const dateOnly = /^\d{4}-\d{2}-\d{2}$/

const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/

/**
 * Parses the time at which a span begins: a date in UTC, a time with its offset, or how long ago, such as `30d`.
 *
 * @returns milliseconds since the epoch
 * @throws InvalidArgumentError for any other text
 */
export function sinceTime (text: string): number {
  const [, amount = '', unit = ''] = /^([1-9]\d{0,5})([mhd])$/.exec(text) ?? []
  return amount === '' ? timeOf(text) : Date.now() - Number(amount) * units[unit as keyof typeof units]
}

/** Parses the time at which a span ends, like `sinceTime`. A date without a time means the end of that day. */
export const untilTime = (text: string): number => sinceTime(text) + (dateOnly.test(text) ? day : 0)

function timeOf (text: string): number {
  const time = dateOnly.test(text) || dateTime.test(text) ? Date.parse(text) : NaN
  const [date = ''] = text.split('T')
  // `Date.parse` accepts the 30th of February.
  const isReal = !Number.isNaN(time) && new Date(date).toISOString().startsWith(date)
  if (!isReal) throw new InvalidArgumentError('Must be a date such as 2026-11-30, a time such as 2026-11-30T08:00:00Z, or a span such as 30d, 12h or 90m.')
  return time
}
