/**
 * A clock that measures spans of time, in milliseconds since some fixed moment. Nobody can set it, so the difference between two
 * readings is the time in between. It does not show the date. The wall clock does, but an operator or NTP may set it at any time.
 */
export type Monotonic = () => number

/** The clock of this process. Each call looks up `performance.now` again, so that tests can replace it. */
export const monotonic: Monotonic = () => performance.now()

/** The last formatted time. Under load, many log lines and audit records have the same time. */
let latest = { time: NaN, text: '' }

/** Returns a time, in milliseconds since the epoch, as an ISO 8601 string in UTC. */
export function isoTime (time: number): string {
  if (time !== latest.time) latest = { time, text: new Date(time).toISOString() }
  return latest.text
}
