import { chainChecker, knownRecordChecker, range, signatureChecker, type Report } from './record-checkers.ts'
import { isSigned, parseHead, type Head } from './head.ts'
import type { VerifyingKey } from './key.ts'
import { linesOf, maxLineBytes } from './lines.ts'
import { genesis, parseRecord, type ControlEntry, type Found, type Link, type ParsedRecord, type Range } from './record.ts'

/** A file of a trail. Its content is read in chunks of bytes. */
export interface TrailFile {
  readonly name: string
  readonly chunks: AsyncIterable<Uint8Array>
}

export interface VerifyOptions {
  /**
   * The public keys whose signatures are accepted. By default, only the first key that the trail itself contains is accepted.
   * With this default, a trail that an attacker rewrote with a new key passes.
   */
  readonly keys?: readonly VerifyingKey[]
  /** The content of the trail's `.head` file. */
  readonly head?: string
  /** True if the files are only a part of a trail: they may lack its start and its end. */
  readonly isPart?: boolean
  /** The sequence number of the oldest expected record. Defaults to 1; set it when older records were deleted on purpose. */
  readonly from?: number
  /** Records that the trail must contain, known from the log or from a copy. */
  readonly known?: readonly Link[]
  /** Called with each record, in order, whether it is intact or not. The verification waits for it. */
  readonly onRecord?: (record: ParsedRecord, place: Place) => Promise<void> | undefined
}

/** A line of a trail. */
export interface Place {
  readonly file: string
  /** The line number, counted from 1. */
  readonly line: number
}

/** A finding or a note about a line of the trail. */
export interface Remark extends Place {
  /** The record's sequence number, if it is known. */
  readonly sequence?: number
  readonly message: string
}

export interface Verification {
  /** Evidence of tampering or damage; empty if the trail is intact. At most 1,000. */
  readonly findings: readonly Remark[]
  /** Crashes and failures that the trail itself reports. At most 1,000. */
  readonly notes: readonly Remark[]
  /** The number of records, up to and including the last signed one. */
  readonly records: number
  readonly first?: Link
  /** The last signed record, which vouches for all records before it. */
  readonly last?: Link
  /**
   * The records after the last signed record, including an incomplete one. Either a crash left them, or a write is in progress,
   * or somebody with write access to the file added them.
   */
  readonly unproved?: Range
  /** True if the last record is a `close`, which the gateway writes on a graceful shutdown. */
  readonly isClosed: boolean
}

const maxRemarks = 1_000

/**
 * Verifies a trail. Finds records that were changed, removed or moved, and detects whether the end was cut off.
 *
 * @param files the trail's files, in the order in which they were written
 */
export async function verifyTrail (files: readonly TrailFile[], options: VerifyOptions): Promise<Verification> {
  const findings: Remark[] = []
  const notes: Remark[] = []
  let place = { file: files[0]?.name ?? '', line: 0 }
  const reportTo = (list: Remark[]): Report => (message, sequence) => {
    if (list.length < maxRemarks) list.push({ ...place, ...(sequence !== undefined && { sequence }), message })
  }
  const [report, note] = [reportTo(findings), reportTo(notes)]
  const head = options.head === undefined ? undefined : parseHead(options.head)
  const chain = chainChecker(report, options.isPart === true ? Infinity : options.from)
  const signatures = signatureChecker(options.keys, report)
  const places = knownRecordChecker([...options.known ?? [], ...head === undefined ? [] : [head.link]], report)
  let isClosed = false
  let incomplete = 0

  for (const { name, chunks } of files) {
    place = { file: name, line: 0 }
    signatures.beginFile()
    for await (const { bytes, ended } of linesOf(chunks)) {
      place.line++
      const record = ended ? parseRecord(bytes) : undefined
      isClosed = record?.entry.event === 'close'
      if (!ended && bytes.length <= maxLineBytes && reachesHead(chain.result().last, head) && signatures.isFromCrash(bytes)) {
        incomplete++
        note('an incomplete record after the head: it is being written, or was left by a crash')
        continue
      }
      if (record === undefined) {
        chain.skip(ended ? 'is not a record' : 'is an incomplete record')
        continue
      }
      for (const { check } of [chain, signatures, places]) check(record)
      reportControlEntry(record, report, note)
      await options.onRecord?.(record, place)
    }
  }

  const { first, last, records } = chain.result()
  places.finish(last)
  const { unsigned, signed, isForged } = signatures.tail()
  const from = (signed ?? genesis).sequence + 1
  const unproved = { from, to: from + unsigned + incomplete - 1 }
  if (unsigned > 0) {
    const text = `${range(from, from + unsigned - 1)} at the end and not signed`
    if (isForged) report(`${text}: added by somebody without the key, since the gateway would have signed a record before`)
    else if (reachesHead(last, head)) note(`${text}: left by a crash, being written, or added by somebody without the key`)
    else report(`${text}: an incomplete write`)
  }
  if (head !== undefined && !signatures.keys().some((key) => isSigned(head, key))) report('the head is not signed with the trail\'s key')
  else if (head === undefined && options.isPart !== true) report('the end of the trail is not known: its head is missing or damaged')
  return {
    findings,
    notes,
    records: records - unsigned,
    ...(first !== undefined && signed !== undefined && { first, last: signed }),
    ...(unproved.to >= from && { unproved }),
    isClosed
  }
}

/** Returns true if the trail reaches at least as far as its head. */
const reachesHead = (last: Link | undefined, head: Head | undefined): boolean =>
  last !== undefined && head !== undefined && last.sequence >= head.link.sequence

/** Findings for damage that the gateway detected when it opened the trail, keyed by the control record's `found`. */
const findingTexts: Readonly<Record<string, string>> = {
  removed: 'the file before it was removed while it was being written',
  'no-head': 'at this start the head was missing: what came before may have been cut off',
  'unsigned-head': 'at this start the head was not signed with the key: what came before may have been cut off',
  'cut-off': 'the end of the file before this record was cut off',
  changed: 'the file was changed before this record'
} satisfies Partial<Record<Found, string>>

/** Notes for the other members of control records, keyed by the member's name. */
const noteTexts: Readonly<Record<string, string>> = {
  torn: 'bytes of an unfinished write after a crash, which were dropped',
  refused: 'requests that were refused because they could not be recorded',
  late: 'records that were written too late for their requests, which were refused'
} satisfies Partial<Record<keyof ControlEntry, string>>

/** Reports the damage, crashes and failures that a control record mentions. */
function reportControlEntry ({ link: { sequence }, entry }: ParsedRecord, report: Report, note: Report): void {
  const { found, torn, refused, late } = entry
  const finding = typeof found === 'string' ? findingTexts[found] : undefined
  if (finding !== undefined) report(finding, sequence)
  const noted = Object.entries({ torn, refused, late }).filter(([, value]) => value !== undefined)
  for (const [key, value] of noted) note(`${noteTexts[key] ?? ''}: ${JSON.stringify(value)}`, sequence)
}
