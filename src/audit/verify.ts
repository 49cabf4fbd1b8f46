import { chainChecker, placeChecker, signatureChecker, type Report } from './checks.ts'
import { isSigned, parseHead, type Head } from './head.ts'
import type { VerifyingKey } from './key.ts'
import { linesOf } from './lines.ts'
import { parseRecord, type ControlEntry, type Found, type Link, type ParsedRecord } from './record.ts'

/** A file of a trail, as chunks of bytes. */
export interface TrailFile {
  readonly name: string
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface VerifyOptions {
  /** The public keys that may have signed; where absent, the one that the trail itself names, for what that is worth. */
  readonly keys?: readonly VerifyingKey[]
  /** What stands in the trail's `.head`. */
  readonly head?: string
  /** Whether the files are a part of a trail, whose beginning and end may be elsewhere. */
  readonly isPart?: boolean
  /** The oldest record that is to be there: 1, unless older ones were deleted on purpose. */
  readonly from?: number
  /** Records that the trail must have, as the log or a copy names them. */
  readonly known?: readonly Link[]
}

/** What there is to say about a place of the trail. */
export interface Remark {
  readonly file: string
  /** From 1. */
  readonly line: number
  /** The record's number, where it is known. */
  readonly sequence?: number
  readonly message: string
}

export interface Verification {
  /** What shows that the trail is not as it was written. Where there is nothing, it is. The first 1,000. */
  readonly findings: readonly Remark[]
  /** What the trail itself tells of crashes and failures. The first 1,000. */
  readonly notes: readonly Remark[]
  readonly records: number
  readonly first?: Link
  readonly last?: Link
  /** Whether the last record seals the trail, as a process does that ends in order. */
  readonly isClosed: boolean
}

const mostRemarks = 1_000

/**
 * Reads a trail, and finds what in it was changed, removed, moved or cut off.
 *
 * @param files in the order in which they were written
 */
export async function verifyTrail (files: readonly TrailFile[], options: VerifyOptions): Promise<Verification> {
  const findings: Remark[] = []
  const notes: Remark[] = []
  let place = { file: files[0]?.name ?? '', line: 0 }
  const reportTo = (list: Remark[]): Report => (message, sequence) => {
    if (list.length < mostRemarks) list.push({ ...place, ...(sequence !== undefined && { sequence }), message })
  }
  const [report, note] = [reportTo(findings), reportTo(notes)]
  const head = options.head === undefined ? undefined : parseHead(options.head)
  const chain = chainChecker(report, options.isPart === true ? Infinity : options.from)
  const signatures = signatureChecker(options.keys, report)
  const places = placeChecker([...options.known ?? [], ...head === undefined ? [] : [head.link]], report)
  let isClosed = false

  for (const { name, chunks } of files) {
    place = { file: name, line: 0 }
    for await (const { bytes, ended } of linesOf(chunks)) {
      place.line++
      const record = ended ? parseRecord(bytes) : undefined
      isClosed = record?.entry.event === 'close'
      if (!ended && isBehind(chain.result().last, head)) {
        note('only a part of a record, behind the head: it is being written, or a crash has left it')
        continue
      }
      if (record === undefined) {
        chain.skip(ended ? 'is no record' : 'is only a part of a record')
        continue
      }
      for (const { check } of [chain, signatures, places]) check(record)
      tell(record, report, note)
    }
  }

  const result = chain.result()
  places.finish(result.last)
  const unsigned = signatures.unsigned()
  if (unsigned > 0) (isBehind(result.last, head) ? note : report)(`${unsigned} records at the end are not signed: a write that is not whole`)
  if (head !== undefined && !signatures.keys().some((key) => isSigned(head, key))) report('the head is not signed with the trail\'s key')
  else if (head === undefined && options.isPart !== true) report('nothing tells where the trail ends: its head is missing, or damaged')
  return { findings, notes, ...result, isClosed }
}

/** Whether a trail has been read as far as its head says. */
const isBehind = (last: Link | undefined, head: Head | undefined): boolean =>
  last !== undefined && head !== undefined && last.sequence >= head.link.sequence

/** What the gateway found when it opened the trail, and that is as bad as finding it now. */
const bad: Readonly<Record<string, string>> = {
  removed: 'the file before it was removed while it was being written',
  'no-head': 'at this start the head was missing: what came before may have been cut off',
  'unsigned-head': 'at this start the head was not signed with the key: what came before may have been cut off',
  'cut-off': 'here the end had been cut off',
  changed: 'here the file was not as it had been left'
} satisfies Partial<Record<Found, string>>

const meanings: Readonly<Record<string, string>> = {
  torn: 'bytes of an unfinished write that a crash had left, and that were dropped',
  refused: 'requests that were refused because they could not be recorded',
  late: 'records that were written too late for their requests, which were refused'
} satisfies Partial<Record<keyof ControlEntry, string>>

/** Passes on what the trail says about itself. */
function tell ({ link: { sequence }, entry }: ParsedRecord, report: Report, note: Report): void {
  const { found, torn, refused, late } = entry
  const fault = typeof found === 'string' ? bad[found] : undefined
  if (fault !== undefined) report(fault, sequence)
  const told = Object.entries({ torn, refused, late }).filter(([, value]) => value !== undefined)
  for (const [key, value] of told) note(`${meanings[key] ?? ''}: ${JSON.stringify(value)}`, sequence)
}
