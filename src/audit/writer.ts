import { compact } from '#src/json/compact'
import type { SigningKey } from './key.ts'
import { chainRecord, encodeEntry, genesis, type ControlEntry, type Link, type Range } from './record.ts'
import { UnusableTrail } from './settings.ts'
import type { Sink } from './sink.ts'

/** The version of the records' form. */
const format = 1

export interface WriterOptions {
  sink: Sink
  key: SigningKey
  /** Milliseconds since the epoch. */
  now?: () => number
  /** A checkpoint is made after so many records, or with the first one after so many milliseconds. */
  checkpointEvery?: { records: number, milliseconds: number }
  /** Is told of what the trail says about itself, once it is written. */
  onControlRecord?: (entry: ControlEntry, link: Link) => void
}

/** What the trail says at the end of a write. */
export type Seal = 'checkpoint' | 'close'

/** Puts records into the chain, and signs it at the end of each write. One call at a time. */
export interface Writer {
  /** Whether there is something to say. */
  readonly hasPendingNotices: boolean
  /** Whether records have been written since the trail has last said where it is. */
  readonly needsCheckpoint: boolean
  /** Has something said with what is written next: requests that were refused, records that came too late for theirs. */
  note: (about: { refused?: number, late?: Range }) => void
  /**
   * Writes the records of all requests of a moment. Throws as the sink does.
   *
   * @param seal what the trail is to say at the end in any case
   */
  commit: (groups: Groups, seal?: Seal) => Promise<Committed>
}

/** The members of each record, by request. */
type Groups = readonly (readonly string[])[]

/** A record to be written, and what it says, where that is about the trail itself. */
interface Part {
  readonly members: string
  readonly entry?: ControlEntry
}

export interface Committed {
  readonly written: Range
  /** The sequence of each request's first record. */
  readonly firsts: readonly number[]
}

export function chainWriter (options: WriterOptions): Writer {
  const { sink, key, now = Date.now, onControlRecord = () => undefined } = options
  const { records: mostRecords, milliseconds: longest } = options.checkpointEvery ?? { records: 1_000, milliseconds: 60_000 }
  const sign = (link: Link): string => key.sign('record', link)
  let last = genesis
  let hasStarted = false
  let unsaid = 0
  let saidAt = 0
  let refused = 0
  let late: Range | undefined

  /** Opens the sink where need be; gives what the chain goes on from, and what is to be said first. */
  async function begin (): Promise<{ from: Link, says: readonly ControlEntry[] }> {
    const about = compact({ refused: refused === 0 ? undefined : refused, late })
    if (sink.isOpen) return { from: last, says: refused === 0 && late === undefined ? [] : [{ event: 'resume', ...about }] }
    const { found, torn, link: from } = await sink.open()
    const opened = { format, key: key.verifies.spki, found, ...(torn > 0 && { torn }) }
    // What could be written only in part before has been completed.
    const completed = hasStarted && from.sequence > last.sequence ? { late: { from: last.sequence + 1, to: from.sequence } } : {}
    return { from, says: [{ event: hasStarted ? 'resume' : 'start', ...opened, ...about, ...completed }] }
  }

  function checkpointFor (records: number, time: number): readonly ControlEntry[] {
    const isDue = unsaid + records >= mostRecords || time - saidAt >= longest
    return isDue && records > 0 ? [{ event: 'checkpoint' }] : []
  }

  /** Undefined where what was written does not stay. */
  async function attempt (groups: Groups, seal: Seal | undefined): Promise<Committed | undefined> {
    const toldRefused = refused
    const { from, says } = await begin()
    const time = now()
    const records = groups.flat().length
    const seals = seal === undefined ? checkpointFor(records, time) : [{ event: seal }]
    const control = (entry: ControlEntry): Part => ({ members: encodeEntry(entry, time), entry })
    const parts: Part[] = [...says.map(control), ...groups.flat().map((members) => ({ members })), ...seals.map(control)]
    const said: [ControlEntry, Link][] = []
    let link = from
    const lines = parts.map(({ members, entry }, index) => {
      // The last one vouches for all: what a crash may leave of a write can be told from a whole one, and nobody can add to it.
      const isSigned = entry !== undefined || index === parts.length - 1
      const record = chainRecord(members, link, isSigned ? sign : undefined)
      link = record.link
      if (entry !== undefined) said.push([entry, link])
      return record.line
    })
    if (lines.length > 0 && !await sink.write(Buffer.from(lines.join('')), link)) return undefined

    last = link
    hasStarted = true
    refused -= toldRefused
    late = undefined
    unsaid = seals.length > 0 ? 0 : records + (says.length > 0 ? 0 : unsaid)
    if (said.length > 0) saidAt = time
    for (const [entry, link] of said) onControlRecord(entry, link)
    return { written: { from: from.sequence + 1, to: link.sequence }, firsts: firstsOf(groups, from.sequence + says.length + 1) }
  }

  return {
    get hasPendingNotices () {
      return refused > 0 || late !== undefined
    },
    get needsCheckpoint () {
      return unsaid > 0
    },
    note (about) {
      refused += about.refused ?? 0
      late = about.late ?? late
    },
    async commit (groups, seal) {
      const committed = await attempt(groups, seal) ?? await attempt(groups, seal)
      if (committed === undefined) throw new UnusableTrail('audit.file', 'a file that others keep changing', 'one that nobody else writes')
      return committed
    }
  }
}

/** The sequence of each group's first record. */
function firstsOf (groups: Groups, first: number): number[] {
  let next = first
  return groups.map(({ length }) => {
    next += length
    return next - length
  })
}
