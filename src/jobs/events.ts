import { once } from 'node:events'
import { secondsLeft, stateOf, type Job } from './job.ts'

/** The minimum interval between `progress` events, in milliseconds. */
const pause = 1_000

/** The milliseconds without an event after which a comment is sent, so that proxies keep the connection open. */
const heartbeat = 15_000

/**
 * Yields a job's events (Server-Sent Events, WHATWG HTML section 9.2): `item` for each final result, `progress` at most once a
 * second, and `end`. The ID of an item is its position in the order of final results, and that of `end` is one more than the
 * total, so a client that reconnects with `Last-Event-ID` misses nothing and receives nothing twice.
 *
 * @param after the ID of the last event that the client has received; 0 for none
 * @param now returns the time in milliseconds since the epoch
 * @param beat the milliseconds without an event before a heartbeat
 */
export async function* jobEvents (job: Job, after: number, now: () => number, beat = heartbeat): AsyncGenerator<string> {
  let sent = after
  let reportedAt = -Infinity
  for (;;) {
    // Subscribe before reading the state, so that no change in between is missed.
    const changed = nextChange(job, beat)
    while (sent < job.settled.length) {
      const { item } = job.settled[sent] ?? {}
      sent += 1
      yield event('item', sent, item)
    }
    if (job.endedAt !== undefined) {
      if (sent > job.total) return
      yield event('end', job.total + 1, ending(job))
      return
    }
    if (now() - reportedAt >= pause) {
      reportedAt = now()
      yield event('progress', sent, progress(job, reportedAt))
    }
    if (!await changed) yield ': heartbeat\n\n'
  }
}

/** Returns the ID of a job's last event. */
export const lastEvent = ({ total }: Job): number => total + 1

const event = (name: string, id: number, data: unknown): string => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`

const progress = (job: Job, now: number): object =>
  ({ state: stateOf(job), total: job.total, done: job.done, counts: job.counts, secondsLeft: secondsLeft(job, now) })

const ending = ({ summary, problem }: Job): object => summary ?? { problem: problem?.code }

/** Resolves to true on the next change, or to false when a heartbeat is due. */
async function nextChange ({ changes }: Job, beat: number): Promise<boolean> {
  const signal = AbortSignal.timeout(beat)
  return once(changes, 'change', { signal }).then(() => true, () => false)
}
