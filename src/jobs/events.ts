import { once } from 'node:events'
import type { Monotonic } from '#src/clock'
import { eventText, heartbeat, heartbeatInterval } from '#src/event-streams/text'
import { secondsLeft, stateOf, type Job } from './job.ts'

/** The minimum interval between `progress` events, in milliseconds. */
const pause = 1_000

/**
 * Yields a job's events as Server-Sent Events (WHATWG HTML, section 9.2): an `item` for each final result, `progress` at most
 * once a second, and `end`. Final results are numbered from 1 in the order in which they became final, and this number is the
 * event ID of the `item`. The ID of `end` is the total number of secrets plus one. A client that reconnects with `Last-Event-ID`
 * therefore misses no result and receives no result twice. If the job is removed while a slow client follows it, the stream ends
 * without `end`.
 *
 * @param after the ID of the last event that the client received, or 0 if it received none
 * @param monotonic measures the time between `progress` events and how fast the job progresses
 * @param beat the time without an event, in milliseconds, after which a heartbeat is sent
 */
export async function* jobEvents (
  job: Job, after: number, monotonic: Monotonic, beat = heartbeatInterval
): AsyncGenerator<string> {
  let sent = after
  let reportedAt = -Infinity
  for (;;) {
    // Subscribe before reading the state. Otherwise, a change in between would be missed.
    const changed = nextChange(job, beat)
    while (sent < job.settled.length) {
      const { item } = job.settled[sent] ?? {}
      sent += 1
      yield eventText('item', item, sent)
    }
    if (job.removed === true) return
    if (job.endedAt !== undefined) {
      if (sent > job.total) return
      yield eventText('end', ending(job), job.total + 1)
      return
    }
    if (monotonic() - reportedAt >= pause) {
      reportedAt = monotonic()
      yield eventText('progress', progress(job, reportedAt), sent)
    }
    if (!await changed) yield heartbeat
  }
}

/** Returns the ID of a job's `end` event. */
export const lastEvent = ({ total }: Job): number => total + 1

const progress = (job: Job, elapsed: number): object =>
  ({ state: stateOf(job), total: job.total, done: job.done, counts: job.counts, secondsLeft: secondsLeft(job, elapsed) })

const ending = ({ summary, problem }: Job): object => summary ?? { problem: problem?.code }

/** Resolves to true on the next change, or to false when a heartbeat is due. */
async function nextChange ({ changes }: Job, beat: number): Promise<boolean> {
  const signal = AbortSignal.timeout(beat)
  return once(changes, 'change', { signal }).then(() => true, () => false)
}
