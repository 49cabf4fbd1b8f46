import type { Monotonic } from '#src/clock'
import { eventText, heartbeat, heartbeatInterval } from '#src/event-streams/server-sent-events'
import type { Job } from './job.ts'
import type { Jobs } from './port.ts'

/** The minimum interval between `progress` events, in milliseconds. */
const pause = 1_000

/** The maximum number of results to read ahead for a slow client. */
const most = 50

/**
 * Yields a job's events as Server-Sent Events (WHATWG HTML, section 9.2): an `item` for each final result, `progress` at most
 * once a second, and `end`. Final results are numbered from 1 in the order in which they became final, and this number is the
 * event ID of the `item`. The ID of `end` is the total number of secrets plus one. A client that reconnects with `Last-Event-ID`
 * therefore misses no result and receives no result twice. If the job is removed while a slow client follows it, the stream ends
 * without `end`.
 *
 * @param found the job
 * @param after the ID of the last event that the client received, or 0 if it received none
 * @param monotonic measures the time between `progress` events
 * @param beat the time without an event, in milliseconds, after which a heartbeat is sent
 */
export async function* jobEvents (
  jobs: Pick<Jobs, 'results' | 'changed'>, found: Job, after: number, monotonic: Monotonic, beat = heartbeatInterval
): AsyncGenerator<string> {
  let job = found
  let sent = after
  let reportedAt = -Infinity
  for (;;) {
    const results = await jobs.results(job, sent, most)
    if (results === undefined) return
    for (const { item } of results) {
      sent += 1
      yield eventText('item', item, sent)
    }
    if (results.length === most) continue
    if (job.endedAt !== undefined) {
      if (sent > job.total) return
      yield eventText('end', ending(job), job.total + 1)
      return
    }
    if (monotonic() - reportedAt >= pause) {
      reportedAt = monotonic()
      yield eventText('progress', progress(job), sent)
    }
    const next = await jobs.changed(job, beat)
    if (next === undefined) return
    if (next.revision === job.revision) yield heartbeat
    job = next
  }
}

/** Returns the ID of a job's `end` event. */
export const lastEvent = ({ total }: Job): number => total + 1

const progress = ({ state, total, done, counts, secondsLeft }: Job): object => ({ state, total, done, counts, secondsLeft })

const ending = ({ summary, problem }: Job): object => summary ?? { problem: problem?.code }
