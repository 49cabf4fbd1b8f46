import { once } from 'node:events'
import { secondsLeft, stateOf, type Job } from './job.ts'

/** Milliseconds from one `progress` to the next at least. */
const pause = 1_000

/** Milliseconds without an event after which a comment is sent, so that no proxy takes the connection for dead. */
const heartbeat = 15_000

/**
 * A job's events (Server-Sent Events, WHATWG HTML section 9.2): `item` for each secret that is final, `progress` once a second
 * while it goes on, and `end`. An item's ID is its number in the order in which they became final; that of the end is one more
 * than all, so that who comes back with `Last-Event-ID` misses nothing and hears nothing twice.
 *
 * @param after the last event that was received; 0 where there is none
 */
export async function* jobEvents (job: Job, after: number, now: () => number, beat = heartbeat): AsyncGenerator<string> {
  let sent = after
  let told = -Infinity
  for (;;) {
    // Before the state is looked at: what changes meanwhile must not be slept through.
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
    if (now() - told >= pause) {
      told = now()
      yield event('progress', sent, progress(job, told))
    }
    if (!await changed) yield ': heartbeat\n\n'
  }
}

/** The ID of the last event that a job has. */
export const lastEvent = ({ total }: Job): number => total + 1

const event = (name: string, id: number, data: unknown): string => `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`

const progress = (job: Job, now: number): object =>
  ({ state: stateOf(job), total: job.total, done: job.done, counts: job.counts, secondsLeft: secondsLeft(job, now) })

const ending = ({ summary, problem }: Job): object => summary ?? { problem: problem?.code }

/** Whether something changes before it is time for a heartbeat. */
async function nextChange ({ changes }: Job, beat: number): Promise<boolean> {
  const signal = AbortSignal.timeout(beat)
  return once(changes, 'change', { signal }).then(() => true, () => false)
}
