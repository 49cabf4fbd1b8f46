import fc from 'fast-check'
import t from 'tap'
import { daysBetweenRotations, readRotationRules, windowAfter } from '#src/local-backend/rules/rotation-schedule'

const hour = 3_600_000
const day = 24 * hour
const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

const at = (text: string) => Date.parse(text)
const shown = (time: number | undefined) => time === undefined ? undefined : new Date(time).toISOString().replace(':00.000Z', '')

/** Returns the opening and closing times of the first `count` rotation windows after a time. */
function windows (expression: string, from: string, count: number, duration?: string): (string | undefined)[][] {
  const rules = readRotationRules({ ScheduleExpression: expression, ...duration !== undefined && { Duration: duration } })
  let time = at(from)
  return Array.from({ length: count }, () => {
    const window = windowAfter(rules, at(from), time)
    time = window?.opensAt ?? NaN
    return [shown(window?.opensAt), shown(window?.closesAt)]
  })
}

t.test('windows open as in the examples in AWS\'s user guide', async (t) => {
  const from = '2026-03-04T10:20:30.456Z'
  const examples: [string, string[]][] = [
    ['rate(4 hours)', ['2026-03-04T12:00', '2026-03-04T16:00', '2026-03-04T20:00', '2026-03-05T00:00']],
    ['rate(1 day)', ['2026-03-05T00:00', '2026-03-06T00:00']],
    ['rate(10 days)', ['2026-03-14T00:00', '2026-03-24T00:00']],
    ['cron(0 /4 * * ? *)', ['2026-03-04T12:00', '2026-03-04T16:00']],
    ['cron(0 /8 * * ? *)', ['2026-03-04T16:00', '2026-03-05T00:00', '2026-03-05T08:00']],
    ['cron(0 8/8 * * ? *)', ['2026-03-04T16:00', '2026-03-05T08:00']],
    ['cron(0 2/10 * * ? *)', ['2026-03-04T12:00', '2026-03-04T22:00', '2026-03-05T02:00']],
    ['cron(0 4/12 * * ? *)', ['2026-03-04T16:00', '2026-03-05T04:00', '2026-03-05T16:00']],
    ['cron(0 10 * * ? *)', ['2026-03-05T10:00', '2026-03-06T10:00']],
    ['cron(0 18 ? * SAT *)', ['2026-03-07T18:00', '2026-03-14T18:00']],
    ['cron(0 8 1 * ? *)', ['2026-04-01T08:00', '2026-05-01T08:00']],
    ['cron(0 1 ? 1/3 SUN#1 *)', ['2026-04-05T01:00', '2026-07-05T01:00']],
    ['cron(0 17 L * ? *)', ['2026-03-31T17:00', '2026-04-30T17:00']],
    ['cron(0 8 ? * MON-FRI *)', ['2026-03-05T08:00', '2026-03-06T08:00', '2026-03-09T08:00']],
    ['cron(0 16 1,15 * ? *)', ['2026-03-15T16:00', '2026-04-01T16:00']],
    ['cron(0 0 ? * SUN#1 *)', ['2026-04-05T00:00', '2026-05-03T00:00']],
    ['cron(0 0 SUNL * ? *)', ['2026-03-29T00:00', '2026-04-26T00:00']],
    ['cron(0 0 ? * 6L *)', ['2026-03-27T00:00', '2026-04-24T00:00']],
    ['cron(0 0 ? * L *)', ['2026-03-07T00:00', '2026-03-14T00:00']],
    ['cron(0 0 1/10 * ? *)', ['2026-03-11T00:00', '2026-03-21T00:00', '2026-03-31T00:00', '2026-04-01T00:00']],
    ['cron(0 0 1 JAN,APR,JUL,OCT ? *)', ['2026-04-01T00:00', '2026-07-01T00:00']],
    ['cron(0 0 ? JAN SUN#1 *)', ['2027-01-03T00:00', '2028-01-02T00:00']]
  ]
  for (const [expression, expected] of examples) {
    t.strictSame(windows(expression, from, expected.length).map(([opensAt]) => opensAt), expected, expression)
  }
})

t.test('a window closes after an hour, at the end of the day, or after its duration', async (t) => {
  const from = '2026-03-04T10:20:30.456Z'
  const examples: [string, string | undefined, string[]][] = [
    ['rate(4 hours)', undefined, ['2026-03-04T12:00', '2026-03-04T13:00']],
    ['rate(4 hours)', '4h', ['2026-03-04T12:00', '2026-03-04T16:00']],
    ['rate(2 days)', undefined, ['2026-03-06T00:00', '2026-03-07T00:00']],
    ['rate(2 days)', '3h', ['2026-03-06T00:00', '2026-03-06T03:00']],
    ['cron(0 4/12 * * ? *)', undefined, ['2026-03-04T16:00', '2026-03-04T17:00']],
    ['cron(0 2/10 * * ? *)', undefined, ['2026-03-04T12:00', '2026-03-04T13:00']],
    ['cron(0 16 1,15 * ? *)', undefined, ['2026-03-15T16:00', '2026-03-16T00:00']],
    ['cron(0 16 1,15 * ? *)', '8h', ['2026-03-15T16:00', '2026-03-16T00:00']],
    ['cron(0 16 1,15 * ? *)', '2h', ['2026-03-15T16:00', '2026-03-15T18:00']]
  ]
  for (const [expression, duration, expected] of examples) {
    t.strictSame(windows(expression, from, 1, duration), [expected], `${expression} ${duration}`)
  }
  const days = readRotationRules({ AutomaticallyAfterDays: 7, Duration: '24h' })
  t.strictSame(windowAfter(days, 0, at(from)), { opensAt: at('2026-03-11'), closesAt: at('2026-03-12') }, 'days count from the last rotation')
  t.equal(windowAfter(readRotationRules({}), 0, 0), undefined, 'without a schedule, there is no window')
})

t.test('the days between rotations are computed and rounded up', async (t) => {
  const from = at('2026-03-04T10:20:30.456Z')
  const days = (rules: Parameters<typeof readRotationRules>[0]) => daysBetweenRotations(readRotationRules(rules), from, from)
  const examples: [string, number][] = [
    ['rate(10 hours)', 1], ['rate(24 hours)', 1], ['rate(25 hours)', 2], ['rate(10 days)', 10], ['cron(0 2/10 * * ? *)', 1],
    ['cron(0 18 ? * SAT *)', 7], ['cron(0 8 1 * ? *)', 30], ['cron(0 16 1,15 * ? *)', 17]
  ]
  for (const [ScheduleExpression, expected] of examples) t.equal(days({ ScheduleExpression }), expected, ScheduleExpression)
  t.equal(days({ AutomaticallyAfterDays: 30 }), 30)
  t.equal(days({}), undefined)
})

t.test('schedules that AWS\'s user guide does not allow are rejected', async (t) => {
  const year = 'rotations must not be more than a year apart'
  const often = 'a secret can be rotated at most every 4 hours'
  const notCron = 'it must be a cron() or rate() expression'
  const notRate = 'rate() must have a number of hours or days, such as rate(10 days)'
  const oneOfDays = 'one of day of month and day of week must be ?, and the other must not'
  const sixFields = 'cron() must have six fields: minutes, hours, day of month, month, day of week and year'
  const hours = 'the hours must be an hour or an increment, such as 2/10'
  const schedules: [string, string][] = [
    ['10 days', notCron], ['rate 10 days', notCron], ['Rate(10 days)', notCron], ['rate(10 days) ', notCron], ['at(2027-01-01)', notCron],
    ['rate()', notRate], ['rate(0 days)', notRate], ['rate(-1 days)', notRate], ['rate(1.5 days)', notRate], ['rate(10)', notRate],
    ['rate(10 minutes)', notRate], ['rate(2 weeks)', notRate], ['rate(10  days)', notRate], ['rate(010 days)', notRate],
    ['rate(3 hours)', often], ['rate(1 hour)', often], ['rate(1000 days)', 'a secret must be rotated at least every 999 days'],
    ['rate(99999999999999999999 hours)', 'a secret must be rotated at least every 999 days'],
    ['cron()', sixFields], ['cron(0 10 * * ?)', sixFields], ['cron(0 0 10 * * ? *)', sixFields],
    ['cron(30 10 * * ? *)', 'the minutes must be 0, since rotation windows open on the hour'], ['cron(* 10 * * ? *)', 'the minutes must be 0, since rotation windows open on the hour'],
    ['cron(0 10 * * ? 2027)', 'the year must be *'], ['cron(0 10 * * ? ?)', 'the year must be *'],
    ['cron(0 * * * ? *)', hours], ['cron(0 8,16 * * ? *)', hours], ['cron(0 8-10 * * ? *)', hours], ['cron(0 ? * * ? *)', hours],
    ['cron(0 24 * * ? *)', 'the hours must not be 24'], ['cron(0 8/0 * * ? *)', 'the hours must not be 8/0'],
    ['cron(0 /3 * * ? *)', often], ['cron(0 1/11 * * ? *)', often], ['cron(0 /7 * * ? *)', often],
    ['cron(0 10 * * * *)', oneOfDays], ['cron(0 10 ? * ? *)', oneOfDays], ['cron(0 10 1 * MON *)', oneOfDays],
    ['cron(0 10 0 * ? *)', 'the day of month must not be 0'], ['cron(0 10 32 * ? *)', 'the day of month must not be 32'],
    ['cron(0 10 1, * ? *)', 'the day of month must not be empty'], ['cron(0 10 15-1 * ? *)', 'a range of the day of month must not run backwards'],
    ['cron(0 10 MON * ? *)', 'the day of month must not be MON'], ['cron(0 10 LW * ? *)', 'the day of month must not be LW'], ['cron(0 10 1-15/2 * ? *)', 'the day of month must not be 1-15/2'],
    ['cron(0 10 XYZL * ? *)', 'the day of month must not be XYZ'],
    ['cron(0 10 1 13 ? *)', 'the month must not be 13'], ['cron(0 10 1 JUNE ? *)', 'the month must not be JUNE'], ['cron(0 10 1 ? ? *)', 'the month must not be ?'],
    ['cron(0 10 ? * 0 *)', 'the day of week must not be 0'], ['cron(0 10 ? * 8 *)', 'the day of week must not be 8'], ['cron(0 10 ? * MON#6 *)', 'the day of week must not be MON#6'],
    ['cron(0 10 ? * FRI-MON *)', 'a range of the day of week must not run backwards'], ['cron(0 10 ? * 9L *)', 'the day of week must not be 9'],
    ['cron(0 10 31 2 ? *)', year], ['cron(0 10 29 2 ? *)', year], ['cron(0 10 ? 1 SUN#5 *)', year]
  ]
  for (const [ScheduleExpression, reason] of schedules) {
    t.throws(() => readRotationRules({ ScheduleExpression }), {
      type: 'InvalidParameterException', message: `The ScheduleExpression is invalid: ${reason}.`
    }, ScheduleExpression)
  }
  const durations: [Parameters<typeof readRotationRules>[0], string][] = [
    [{}, 'it needs AutomaticallyAfterDays or a ScheduleExpression'],
    [{ AutomaticallyAfterDays: 7, Duration: '0h' }, 'a rotation window must be at least one hour long'],
    [{ AutomaticallyAfterDays: 7, Duration: '25h' }, 'the rotation window must not extend into the next UTC day'],
    [{ ScheduleExpression: 'rate(2 days)', Duration: '25h' }, 'the rotation window must not extend into the next UTC day'],
    [{ ScheduleExpression: 'cron(0 16 1,15 * ? *)', Duration: '9h' }, 'the rotation window must not extend into the next UTC day'],
    [{ ScheduleExpression: 'rate(4 hours)', Duration: '5h' }, 'the rotation window must not extend into the next rotation window'],
    [{ ScheduleExpression: 'cron(0 2/10 * * ? *)', Duration: '5h' }, 'the rotation window must not extend into the next rotation window']
  ]
  for (const [rules, reason] of durations) {
    t.throws(() => readRotationRules({ Duration: '1h', ...rules }), {
      type: 'InvalidParameterException', message: `The Duration is invalid: ${reason}.`
    }, JSON.stringify(rules))
  }
  t.throws(() => readRotationRules({ AutomaticallyAfterDays: 7, ScheduleExpression: 'rate(7 days)' }), {
    type: 'InvalidParameterException', message: 'You cannot specify both rotation frequency and schedule expression together.'
  })
})

/** Returns true if an item of a cron field includes a number. Implements AWS's user guide independently of the tested code. */
function isNamed (item: string, value: number, first: number, names: readonly string[] = []): boolean {
  const number = (text: string) => names.includes(text) ? names.indexOf(text) + 1 : Number(text)
  if (item === '*') return true
  if (item.includes('/')) {
    const [start = '', step = ''] = item.split('/')
    const from = start === '' || start === '*' ? first : number(start)
    return value >= from && (value - from) % Number(step) === 0
  }
  const [from = '', to = from] = item.split('-')
  return value >= number(from) && value <= number(to)
}

/** Returns true if a cron expression opens a rotation window in the hour of `time`. Independent of the tested code. */
function opensAt (expression: string, time: number): boolean {
  const date = new Date(time)
  const [, hours = '', dayOfMonth = '', month = '', dayOfWeek = ''] = expression.slice('cron('.length, -1).split(' ')
  const named = (field: string, value: number, first: number, names?: readonly string[]) => field.split(',').some((item) => isNamed(item, value, first, names))
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  const weekday = date.getUTCDay() + 1
  const isLastOfItsKind = date.getUTCDate() + 7 > lastDay
  const isDay = dayOfWeek === '?'
    ? dayOfMonth === 'L'
      ? date.getUTCDate() === lastDay
      : dayOfMonth.endsWith('L') ? isLastOfItsKind && isNamed(dayOfMonth.slice(0, -1), weekday, 1, dayNames) : named(dayOfMonth, date.getUTCDate(), 1)
    : dayOfWeek === 'L'
      ? weekday === 7
      : dayOfWeek.endsWith('L')
        ? isLastOfItsKind && isNamed(dayOfWeek.slice(0, -1), weekday, 1, dayNames)
        : dayOfWeek.includes('#')
          ? isNamed(dayOfWeek.slice(0, -2), weekday, 1, dayNames) && date.getUTCDate() > 7 * (Number(dayOfWeek.at(-1)) - 1) && date.getUTCDate() <= 7 * Number(dayOfWeek.at(-1))
          : named(dayOfWeek, weekday, 1, dayNames)
  return isDay && named(month, date.getUTCMonth() + 1, 1, monthNames) && named(hours, date.getUTCHours(), 0)
}

const someTime = fc.integer({ min: at('2024-01-01'), max: at('2040-01-01') })

t.test('the next window is the same as in an hour-by-hour search', async (t) => {
  const item = (max: number, names: readonly string[] = []) => {
    const value = fc.oneof(fc.integer({ min: 1, max }).map(String), ...names.length > 0 ? [fc.constantFrom(...names)] : [])
    const number = fc.integer({ min: 1, max })
    return fc.oneof(
      value,
      fc.tuple(number, number).map(([one, other]) => `${Math.min(one, other)}-${Math.max(one, other)}`),
      fc.tuple(fc.oneof(value, fc.constantFrom('', '*')), fc.integer({ min: 1, max: 12 })).map(([start, step]) => `${start}/${step}`)
    )
  }
  const field = (max: number, names?: readonly string[]) =>
    fc.oneof(fc.constant('*'), fc.array(item(max, names), { minLength: 1, maxLength: 3 }).map((items) => items.join(',')))
  const hours = fc.oneof(
    fc.integer({ min: 0, max: 23 }).map(String),
    fc.constantFrom('/4', '/8', '0/12', '8/8', '2/10', '4/12', '/5', '3/17')
  )
  const nameOfDay = fc.oneof(fc.constantFrom(...dayNames), fc.integer({ min: 1, max: 7 }).map(String))
  const dayFields = fc.oneof(
    fc.tuple(fc.oneof(field(31), fc.constant('L'), fc.constantFrom(...dayNames).map((name) => `${name}L`)), fc.constant('?')),
    fc.tuple(fc.constant('?'), fc.oneof(
      field(7, dayNames), fc.constant('L'), nameOfDay.map((name) => `${name}L`),
      fc.tuple(nameOfDay, fc.integer({ min: 1, max: 5 })).map(([name, nth]) => `${name}#${nth}`)
    ))
  )
  const expression = fc.tuple(hours, dayFields, field(12, monthNames))
    .map(([hours, [dayOfMonth, dayOfWeek], month]) => `cron(0 ${hours} ${dayOfMonth} ${month} ${dayOfWeek} *)`)
  let accepted = 0
  fc.assert(fc.property(expression, someTime, (ScheduleExpression, time) => {
    let found = time - time % hour + hour
    const last = time + 54 * 7 * day
    while (found <= last && !opensAt(ScheduleExpression, found)) found += hour
    let rules
    try {
      rules = readRotationRules({ ScheduleExpression })
    } catch (error) {
      t.match(error, { message: /more than a year apart/ }, ScheduleExpression)
      return
    }
    accepted++
    t.equal(windowAfter(rules, 0, time)?.opensAt, found, `${ScheduleExpression} after ${time}`)
  }), { numRuns: 400 })
  t.ok(accepted > 200, `${accepted} expressions were accepted`)
})

t.test('a rate opens a window at each multiple, counted from midnight of the day on which it was set', async (t) => {
  const rate = fc.oneof(
    fc.integer({ min: 4, max: 200 }).map((value) => ({ text: `rate(${value} hours)`, period: value * hour })),
    fc.integer({ min: 1, max: 100 }).map((value) => ({ text: `rate(${value} ${value === 1 ? 'day' : 'days'})`, period: value * day }))
  )
  fc.assert(fc.property(rate, someTime, fc.integer({ min: 0, max: 400 * day }), ({ text, period }, origin, later) => {
    const time = origin + later
    let found = Date.parse(new Date(origin).toISOString().slice(0, 10))
    while (found <= time) found += period
    t.equal(windowAfter(readRotationRules({ ScheduleExpression: text }), origin, time)?.opensAt, found, `${text} set at ${origin} after ${time}`)
  }), { numRuns: 500 })
})
