import { script } from '#src/shared/script'
import type { Shared } from '#src/shared/shared'

/** A pending report of one counter. */
export interface Report {
  /** The counter's key on the server. */
  readonly key: string
  /** The length of the window, in milliseconds. */
  readonly length: number
  /** Returns the number of requests since the last report. Called when the report is sent. */
  readonly take: () => number
  /** Called with the number of requests to all replicas in the window, and the time until it ends, in milliseconds. */
  readonly learn: (count: number, left: number) => void
  /** Called if the report was not confirmed. */
  readonly fail: () => void
}

/** Sends reports to the server, many at a time. */
export interface WindowSync {
  /** Sends a report in this iteration of the event loop, or as soon as the previous reports have been answered. */
  readonly atOnce: (report: Report) => void
  /** Sends a report within a few milliseconds. */
  readonly soon: (report: Report) => void
}

/** The time after which the count of a busy window is reported, in milliseconds. */
const soonDelay = 20

/** The maximum number of counters in a command. */
const maximumCounters = 500

/**
 * Adds to counters.
 *
 * KEYS: the counters
 * ARGV: for each, the number to add, and the length of its window in milliseconds
 */
const add = script(`
local result = {}
for i, key in ipairs(KEYS) do
  local count = redis.call('INCRBY', key, ARGV[2 * i - 1])
  local left = redis.call('PTTL', key)
  if left < 0 then
    left = tonumber(ARGV[2 * i])
    redis.call('PEXPIRE', key, left)
  end
  result[2 * i - 1] = count
  result[2 * i] = left
end
return result
`)

/** Creates the sender of the reports from all counters of this process. It sends one command at a time. */
export function createWindowSync ({ run }: Pick<Shared, 'run'>): WindowSync {
  const due = new Set<Report>()
  let isUnderWay = false
  let isScheduled = false
  let timer: NodeJS.Timeout | undefined

  async function send (): Promise<void> {
    const reports = Array.from(due).slice(0, maximumCounters)
    for (const report of reports) due.delete(report)
    const args = reports.flatMap(({ take, length }) => [take(), Math.ceil(length)])
    try {
      const counts = await run(add, reports.map(({ key }) => key), args) as number[]
      for (const [index, { learn }] of reports.entries()) learn(counts[2 * index] ?? 0, counts[2 * index + 1] ?? 0)
    } catch {
      for (const { fail } of reports) fail()
    }
  }

  async function sendAll (): Promise<void> {
    isScheduled = false
    if (isUnderWay) return
    isUnderWay = true
    clearTimeout(timer)
    timer = undefined
    while (due.size > 0) await send()
    isUnderWay = false
  }

  return {
    atOnce (report) {
      due.add(report)
      if (isUnderWay || isScheduled) return
      isScheduled = true
      setImmediate(() => { void sendAll() })
    },
    soon (report) {
      due.add(report)
      if (!isUnderWay) timer ??= setTimeout(() => { void sendAll() }, soonDelay).unref()
    }
  }
}
