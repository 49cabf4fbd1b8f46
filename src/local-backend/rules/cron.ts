import { errors } from '#src/aws-protocol/errors'
import { day } from './day.ts'

/**
 * A `cron()` expression in the form that AWS Secrets Manager accepts. Its times are in UTC and always on the hour, and it applies
 * to every year.
 */
export interface Cron {
  /** The hours at which the expression fires, from 0 to 23, in ascending order. */
  hours: readonly number[]
  /** Returns true if the expression matches the day that contains `time`, in milliseconds since the epoch. */
  includes: (time: number) => boolean
}

interface Field {
  min: number
  max: number
  /** Names that can be used instead of the numbers. The first name stands for `min`. */
  names?: readonly string[]
}

const hourField: Field = { min: 0, max: 23 }
const dayOfMonthField: Field = { min: 1, max: 31 }
const monthField: Field = {
  min: 1, max: 12, names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
}
const dayOfWeekField: Field = { min: 1, max: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] }

/**
 * Parses the argument of `cron()`, whose fields are minutes, hours, day of month, month, day of week and year. AWS's user guide
 * restricts the syntax. Minutes must be 0 and the year `*`. Hours must be a single hour or an increment. Exactly one of the two
 * day fields must be `?`.
 *
 * @throws AwsError `InvalidParameterException` if the syntax is invalid
 */
export function parseCron (text: string): Cron {
  const fields = text.trim().split(/ +/)
  const [minutes, hours = '', dayOfMonth = '', month = '', dayOfWeek = '', year] = fields
  if (fields.length !== 6) throw errors.invalidSchedule('cron() must have six fields: minutes, hours, day of month, month, day of week and year')
  if (minutes !== '0') throw errors.invalidSchedule('the minutes must be 0, since rotation windows open on the hour')
  if (year !== '*') throw errors.invalidSchedule('the year must be *')
  if (!/^\d+$|^\d*\/\d+$/.test(hours)) throw errors.invalidSchedule('the hours must be an hour or an increment, such as 2/10')
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) {
    throw errors.invalidSchedule('one of day of month and day of week must be ?, and the other must not')
  }
  const months = new Set(valuesOf(month, monthField, 'month'))
  const includesDay = dayOfWeek === '?' ? daysOfMonth(dayOfMonth) : daysOfWeek(dayOfWeek)
  return {
    hours: valuesOf(hours, hourField, 'hours'),
    includes (time) {
      const date = new Date(time)
      return months.has(date.getUTCMonth() + 1) && includesDay(date)
    }
  }
}

function daysOfMonth (text: string): (date: Date) => boolean {
  if (text === 'L') return isInLastDays(1)
  const [, name = ''] = /^([A-Za-z]{3})L$/.exec(text) ?? []
  if (name !== '') return lastOfMonth(name, 'day of month')
  const days = new Set(valuesOf(text, dayOfMonthField, 'day of month'))
  return (date) => days.has(date.getUTCDate())
}

function daysOfWeek (text: string): (date: Date) => boolean {
  if (text === 'L') return (date) => weekday(date) === dayOfWeekField.max
  const [, last = ''] = /^(\w+)L$/.exec(text) ?? []
  if (last !== '') return lastOfMonth(last, 'day of week')
  const [, nth = '', week] = /^(\w+)#([1-5])$/.exec(text) ?? []
  const days = new Set(valuesOf(nth === '' ? text : nth, dayOfWeekField, 'day of week'))
  return (date) => days.has(weekday(date)) && (week === undefined || Math.ceil(date.getUTCDate() / 7) === Number(week))
}

function lastOfMonth (name: string, field: string): (date: Date) => boolean {
  const sought = valueOf(name, dayOfWeekField, field)
  const isInLastWeek = isInLastDays(7)
  return (date) => weekday(date) === sought && isInLastWeek(date)
}

function isInLastDays (count: number): (date: Date) => boolean {
  return (date) => new Date(date.getTime() + count * day).getUTCMonth() !== date.getUTCMonth()
}

/** Returns the day of the week, from 1 for Sunday to 7 for Saturday. */
function weekday (date: Date): number {
  return date.getUTCDay() + 1
}

/**
 * Returns the values that a field matches, in ascending order. A field is a comma-separated list of values, ranges (`a-b`),
 * increments (`a/n`) and `*`.
 */
function valuesOf (text: string, field: Field, name: string): number[] {
  return [...new Set(text.split(',').flatMap((item) => itemOf(item, field, name)))].sort((one, other) => one - other)
}

function itemOf (item: string, field: Field, name: string): number[] {
  const { min, max } = field
  if (item === '*') return range(min, max, 1)
  const [, from = '', to = ''] = /^(\w+)-(\w+)$/.exec(item) ?? []
  if (from !== '') return range(valueOf(from, field, name), valueOf(to, field, name), 1, name)
  const [increment, start = '', step] = /^(\w*|\*)\/([1-9]\d*)$/.exec(item) ?? []
  if (increment !== undefined) return range(start === '' || start === '*' ? min : valueOf(start, field, name), max, Number(step))
  return [valueOf(item, field, name)]
}

function range (from: number, to: number, step: number, name = ''): number[] {
  if (from > to) throw errors.invalidSchedule(`a range of the ${name} must not run backwards`)
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step)
}

function valueOf (text: string, { min, max, names = [] }: Field, name: string): number {
  const index = names.indexOf(text.toUpperCase())
  const value = index >= 0 ? min + index : /^\d+$/.test(text) ? Number(text) : NaN
  if (!(value >= min && value <= max)) throw errors.invalidSchedule(`the ${name} must not be ${text === '' ? 'empty' : text}`)
  return value
}
