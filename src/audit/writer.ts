import { monotonic as processClock, type Monotonic } from '#src/clock'
import { compact } from '#src/json/compact'
import type { SigningKey } from './key.ts'
import { chainRecord, encodeEntry, genesis, type ControlEntry, type Link, type Range } from './record.ts'
import { UnusableTrail } from './settings.ts'
import type { Sink } from './sink.ts'

/** The version of the record format. */
const format = 1

export const defaultCheckpoints = { records: 1_000, milliseconds: 60_000 }

export interface WriterOptions {
  sink: Sink
  key: SigningKey
  /** Returns the current time, in milliseconds since the epoch. */
  now?: () => number
  /** Measures the time between checkpoints. */
  monotonic?: Monotonic
  /** A checkpoint is due after this many records or milliseconds, whichever comes first. Defaults to `defaultCheckpoints`. */
  checkpointEvery?: { records: number, milliseconds: number }
  /** Called with each control record once it is written. */
  onControlRecord?: (entry: ControlEntry, link: Link) => void
}

/** The control record at the end of a write. */
export type Seal = 'checkpoint' | 'close'

/** Appends records to the chain. Signs every control record and the last record of each write. Calls must not overlap. */
export interface Writer {
  /** True if notices are queued for the next write. */
  readonly hasPendingNotices: boolean
  /** True if request records were written since the last control record. */
  readonly needsCheckpoint: boolean
  /**
   * Queues a notice for the next write.
   *
   * @param notice.refused the number of requests that were refused because they could not be recorded
   * @param notice.late the records that were written only after their requests had been refused
   */
  note: (notice: { refused?: number, late?: Range }) => void
  /**
   * Writes the records of several requests in one write.
   *
   * @param seal the control record that ends the write. If absent, the write ends with a checkpoint if one is due.
   * @throws UnusableTrail, and the errors of the sink
   */
  commit: (groups: Groups, seal?: Seal) => Promise<Committed>
}

/** The encoded entries, grouped by request. */
type Groups = readonly (readonly string[])[]

/** A record to be written; `entry` is set for a control record. */
interface Part {
  readonly members: string
  readonly entry?: ControlEntry
}

export interface Committed {
  readonly written: Range
  /** The sequence number of each request's first record. */
  readonly firstSequences: readonly number[]
}

export function chainWriter (options: WriterOptions): Writer {
  const { sink, key, now = Date.now, monotonic = processClock, onControlRecord = () => undefined } = options
  const { records: maxRecords, milliseconds: maxInterval } = options.checkpointEvery ?? defaultCheckpoints
  const sign = (link: Link): string => key.sign('record', link)
  let last = genesis
  let hasStarted = false
  let recordsSinceControl = 0
  let lastControlAt = -Infinity
  let refused = 0
  let late: Range | undefined

  /** Opens the sink if necessary. Returns the record to continue from, and the control entries to write first. */
  async function prepare (): Promise<{ from: Link, notices: readonly ControlEntry[] }> {
    const pending = compact({ refused: refused === 0 ? undefined : refused, late })
    if (sink.isOpen) return { from: last, notices: refused === 0 && late === undefined ? [] : [{ event: 'resume', ...pending }] }
    const { found, torn, link: from } = await sink.open()
    const opened = { format, key: key.publicKey.spki, found, ...(torn > 0 && { torn }) }
    // If an earlier write to standard output failed halfway, `open` has just written the rest. The gateway has already refused
    // the requests in these records, so it reports the records as late.
    const completed = hasStarted && from.sequence > last.sequence ? { late: { from: last.sequence + 1, to: from.sequence } } : {}
    return { from, notices: [{ event: hasStarted ? 'resume' : 'start', ...opened, ...pending, ...completed }] }
  }

  function checkpointFor (records: number, elapsed: number): readonly ControlEntry[] {
    const isDue = recordsSinceControl + records >= maxRecords || elapsed - lastControlAt >= maxInterval
    return isDue && records > 0 ? [{ event: 'checkpoint' }] : []
  }

  /** Makes one attempt at a write. Returns undefined if the records may be lost because another process changed the file. */
  async function attempt (groups: Groups, seal: Seal | undefined): Promise<Committed | undefined> {
    const reportedRefused = refused
    const { from, notices } = await prepare()
    const [time, elapsed] = [now(), monotonic()]
    const records = groups.flat().length
    const seals = seal === undefined ? checkpointFor(records, elapsed) : [{ event: seal }]
    const control = (entry: ControlEntry): Part => ({ members: encodeEntry(entry, time), entry })
    const parts: Part[] = [...notices.map(control), ...groups.flat().map((members) => ({ members })), ...seals.map(control)]
    const controlRecords: [ControlEntry, Link][] = []
    let link = from
    const lines = parts.map(({ members, entry }, index) => {
      // The signature of the last record covers the whole write: it proves that the write is complete.
      const isSigned = entry !== undefined || index === parts.length - 1
      const record = chainRecord(members, link, isSigned ? sign : undefined)
      link = record.link
      if (entry !== undefined) controlRecords.push([entry, link])
      return record.line
    })
    if (lines.length > 0 && !await sink.write(Buffer.from(lines.join('')), link)) return undefined

    last = link
    hasStarted = true
    refused -= reportedRefused
    late = undefined
    recordsSinceControl = seals.length > 0 ? 0 : records + (notices.length > 0 ? 0 : recordsSinceControl)
    if (controlRecords.length > 0) lastControlAt = elapsed
    for (const [entry, link] of controlRecords) onControlRecord(entry, link)
    const firstSequences = firstSequencesOf(groups, from.sequence + notices.length + 1)
    return { written: { from: from.sequence + 1, to: link.sequence }, firstSequences }
  }

  return {
    get hasPendingNotices () {
      return refused > 0 || late !== undefined
    },
    get needsCheckpoint () {
      return recordsSinceControl > 0
    },
    note (notice) {
      refused += notice.refused ?? 0
      late = notice.late ?? late
    },
    async commit (groups, seal) {
      const committed = await attempt(groups, seal) ?? await attempt(groups, seal)
      if (committed === undefined) throw new UnusableTrail('audit.file', 'a file that other processes keep changing', 'a file that nothing else writes')
      return committed
    }
  }
}

/** Returns the sequence number of each group's first record. */
function firstSequencesOf (groups: Groups, first: number): number[] {
  let next = first
  return groups.map(({ length }) => {
    next += length
    return next - length
  })
}
