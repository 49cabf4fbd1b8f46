import { errors } from '#src/aws-protocol/errors'
import type { Input } from '#src/aws-protocol/input'
import type { RotationRules } from '#src/local-backend/store/rotations'
import { parseCron } from './cron.ts'
import { day } from './day.ts'

/** The times at which rotation windows open, in UTC. All times are in milliseconds since the epoch. */
interface Schedule {
  /**
   * True if the schedule is in hours, false if it is in days. By default, a window lasts one hour if the schedule is in hours,
   * and until the end of the UTC day if the schedule is in days.
   */
  inHours: boolean
  /** The shortest time between two consecutive openings, in hours. */
  shortestGap: number
  /** The latest hour of the day at which a window opens, from 0 to 23. */
  latestHour: number
  /** Returns the time of the first opening after `time`. `origin` is the time at which the schedule was set. */
  opensAfter: (time: number, origin: number) => number
}

/** A time window for a secret's rotation. It includes the time `opensAt`, but not the time `closesAt`. */
export interface RotationWindow {
  opensAt: number
  closesAt: number
}

const hour = day / 24
/** AWS: "You can rotate a secret as often as every four hours". */
const minHours = 4
/** AWS: "The maximum rotation period is 999 days". */
const maxDays = 999
/**
 * The longest gap that a `cron()` schedule may have between two openings, in milliseconds. AWS "does not support rotation
 * schedules that are more than a year apart". A yearly schedule can have gaps of 53 weeks, for example if its windows open on the
 * first Sunday of January.
 */
const longestGap = 53 * 7 * day
/** At least 28 years, in milliseconds. In that time, each date falls on every day of the week. */
const calendarCycle = 28 * 366 * day

/**
 * Validates a request's `RotationRules` and returns them in their stored form.
 *
 * @throws AwsError `InvalidParameterException` if AWS's documentation doesn't allow the rules, or if they contain both a number
 * of days and a schedule expression
 */
export function readRotationRules (input: NonNullable<Input<'RotateSecret'>['RotationRules']>): RotationRules {
  const { AutomaticallyAfterDays: afterDays = null, ScheduleExpression: expression = null, Duration: duration = null } = input
  if (afterDays !== null && expression !== null) throw errors.daysAndSchedule()
  const rules = { afterDays, expression, duration }
  const schedule = scheduleOf(rules)
  if (schedule !== undefined) checkCalendar(schedule)
  if (duration !== null) checkDuration(Number.parseInt(duration), schedule)
  return rules
}

/**
 * Returns the first window that opens after a time; undefined if the rules contain no schedule.
 *
 * @param origin the time at which the rules were set
 */
export function windowAfter (rules: RotationRules, origin: number, time: number): RotationWindow | undefined {
  const schedule = scheduleOf(rules)
  if (schedule === undefined) return undefined
  const opensAt = schedule.opensAfter(time, origin)
  const closesAt = rules.duration === null
    ? schedule.inHours ? opensAt + hour : midnightOf(opensAt) + day
    : opensAt + Number.parseInt(rules.duration) * hour
  return { opensAt, closesAt }
}

/**
 * Finds the first two windows that open after a time, and returns the number of days between their openings. Rounds the number
 * up, as AWS's replies do. Returns undefined if the rules contain no schedule.
 */
export function daysBetweenRotations (rules: RotationRules, origin: number, time: number): number | undefined {
  const schedule = scheduleOf(rules)
  if (schedule === undefined) return undefined
  const first = schedule.opensAfter(time, origin)
  return Math.ceil((schedule.opensAfter(first, origin) - first) / day)
}

function scheduleOf ({ afterDays, expression }: RotationRules): Schedule | undefined {
  if (afterDays !== null) return inDays((time) => midnightOf(time) + afterDays * day)
  if (expression === null) return undefined
  const [, name, argument = ''] = /^(cron|rate)\(([^()]*)\)$/.exec(expression) ?? []
  if (name === undefined) throw errors.invalidSchedule('it must be a cron() or rate() expression')
  return name === 'cron' ? cronSchedule(argument) : rateSchedule(argument)
}

/** Returns the schedule of a `rate()` expression. The first interval begins with the UTC day on which the schedule was set. */
function rateSchedule (argument: string): Schedule {
  const [, digits, unit] = /^([1-9]\d*) (hours?|days?)$/.exec(argument) ?? []
  if (digits === undefined) throw errors.invalidSchedule('rate() must have a number of hours or days, such as rate(10 days)')
  const isHours = unit?.startsWith('hour') ?? false
  const value = Number(digits)
  const period = value * (isHours ? hour : day)
  if (period < minHours * hour) throw errors.invalidSchedule(`a secret can be rotated at most every ${minHours} hours`)
  if (period > maxDays * day) throw errors.invalidSchedule(`a secret must be rotated at least every ${maxDays} days`)
  const opensAfter: Schedule['opensAfter'] = (time, origin) => {
    const start = midnightOf(origin)
    return start + (Math.floor((time - start) / period) + 1) * period
  }
  return isHours ? { inHours: true, shortestGap: value, latestHour: 0, opensAfter } : inDays(opensAfter)
}

function inDays (opensAfter: Schedule['opensAfter']): Schedule {
  return { inHours: false, shortestGap: 24, latestHour: 0, opensAfter }
}

function cronSchedule (argument: string): Schedule {
  const { hours, includes } = parseCron(argument)
  const [earliest = 0] = hours
  const latestHour = hours.at(-1) ?? 0
  // eslint-disable-next-line no-restricted-syntax -- a day has at most 24 hours
  const shortestGap = Math.min(...hours.map((opening, index) => (hours[index + 1] ?? earliest + 24) - opening))
  if (shortestGap < minHours) throw errors.invalidSchedule(`a secret can be rotated at most every ${minHours} hours`)

  return {
    inHours: hours.length > 1,
    shortestGap,
    latestHour,
    opensAfter (time) {
      const today = midnightOf(time)
      const opening = includes(today) ? hours.find((at) => today + at * hour > time) : undefined
      if (opening !== undefined) return today + opening * hour
      for (let midnight = today + day; midnight <= today + longestGap; midnight += day) {
        if (includes(midnight)) return midnight + earliest * hour
      }
      throw errors.invalidSchedule('rotations must not be more than a year apart')
    }
  }
}

/**
 * Checks that no gap in a `cron()` schedule is too long. Calls `opensAfter` for every opening in a full calendar cycle, because
 * `opensAfter` throws if the next opening is too far away.
 *
 * @throws AwsError `InvalidParameterException` if a gap is longer than `longestGap`
 */
function checkCalendar ({ opensAfter }: Schedule): void {
  for (let time = 0; time < calendarCycle;) time = opensAfter(time, 0)
}

/**
 * Checks the length of a rotation window. A window must be at least one hour long. If the schedule is in hours, a window must not
 * extend into the next window. If the schedule is in days, a window must not extend into the next UTC day.
 *
 * @throws AwsError `InvalidParameterException` if the length is invalid, or if there is no schedule
 */
function checkDuration (hours: number, schedule: Schedule | undefined): void {
  if (schedule === undefined) throw errors.invalidDuration('it needs AutomaticallyAfterDays or a ScheduleExpression')
  const { inHours, shortestGap, latestHour } = schedule
  if (hours < 1) throw errors.invalidDuration('a rotation window must be at least one hour long')
  if (inHours && hours > shortestGap) throw errors.invalidDuration('the rotation window must not extend into the next rotation window')
  if (!inHours && latestHour + hours > 24) throw errors.invalidDuration('the rotation window must not extend into the next UTC day')
}

function midnightOf (time: number): number {
  return time - time % day
}
