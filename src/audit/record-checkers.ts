import { verifyingKeyOfSpki, type VerifyingKey } from './key.ts'
import { genesis, isIntact, isStartOfOpening, type Link, type ParsedRecord } from './record.ts'

/** Reports a finding about the current line, with the record's sequence number if it is known. */
export type Report = (message: string, sequence?: number) => void

/** Describes a range of records as the beginning of a sentence: `record 5 is` or `records 5 to 7 are`. */
export const range = (from: number, to: number): string => from === to ? `record ${from} is` : `records ${from} to ${to} are`

/**
 * Creates a checker of the hash chain. It reports records that were changed, are missing, or don't follow their predecessor.
 *
 * @param oldest the sequence number of the oldest record that the trail must contain; with Infinity, the trail may start anywhere
 */
export function chainChecker (report: Report, oldest = 1): {
  check: (record: ParsedRecord) => void
  /** Reports a line that can't be parsed as a record, and counts it as one damaged record. */
  skip: (message: string) => void
  result: () => { records: number, first?: Link, last?: Link }
} {
  let first: Link | undefined
  let last: Link | undefined
  let records = 0
  /**
   * The accepted values of the next record's `previous`. After a changed record there are two: the hash in its line, and the
   * actual hash of its bytes. Undefined after a line that can't be parsed, since its hash is unknown.
   */
  let hashes: readonly string[] | undefined = [genesis.hash]
  /** The number of damaged lines since the last intact record. Each is assumed to have been one record. */
  let damaged = 0

  function damage (message: string, following?: readonly string[]): void {
    damaged++
    report(message, last === undefined ? undefined : last.sequence + damaged)
    hashes = following
  }

  function compare ({ link: { sequence }, previous }: ParsedRecord, before: Link): boolean {
    const expected = before.sequence + damaged + 1
    if (sequence === 1 && previous === genesis.hash) report('begins another trail', sequence)
    else if (sequence <= before.sequence) {
      report(`comes after record ${before.sequence}: it was moved or duplicated`, sequence)
      return false
    } else if (sequence > expected) report(`${range(expected, sequence - 1)} missing before it`, sequence)
    else if (hashes?.includes(previous) === false) report('does not follow the record before it: one of the two was changed', sequence)
    return true
  }

  return {
    check (record) {
      records++
      const { link, actualHash, previous } = record
      if (!isIntact(record)) {
        damage('was changed', [link.hash, actualHash])
        return
      }
      if (last === undefined && link.sequence === 1 && previous !== genesis.hash) report('is the first record, but refers to a previous one', link.sequence)
      const expected = oldest + damaged
      if (last === undefined && link.sequence > expected) report(`${range(expected, link.sequence - 1)} missing before it`, link.sequence)
      if (last !== undefined && !compare(record, last)) return
      first ??= link
      last = link
      hashes = [link.hash]
      damaged = 0
    },
    skip (message) {
      damage(message)
    },
    result: () => ({ records, ...(first !== undefined && { first }), ...(last !== undefined && { last }) })
  }
}

/** The records after the last signed record, which no signature covers. */
export interface Tail {
  readonly unsigned: number
  /** The last signed record. */
  readonly signed?: Link
  /**
   * True if a crash can't have left these records. At the start of a file and after a `close`, a process always writes a signed
   * record first, so unsigned records there are forged.
   */
  readonly isForged: boolean
}

const signedEvents: ReadonlySet<unknown> = new Set(['start', 'resume', 'checkpoint', 'close'])

/**
 * Creates a checker of the signatures. Control records are always signed, and so is the last record of each write. A process
 * writes a control record first in each new file, and whenever it continues a trail that was closed.
 */
export function signatureChecker (given: readonly VerifyingKey[] | undefined, report: Report): {
  check: (record: ParsedRecord) => void
  /** Call it before the first line of each file. */
  beginFile: () => void
  /** Checks whether a crash can have left this incomplete line after the records checked so far. */
  isFromCrash: (incomplete: Buffer) => boolean
  tail: () => Tail
  /** The accepted keys. If no keys were given, only the first key that the trail itself contains is accepted. */
  keys: () => readonly VerifyingKey[]
} {
  let keys = given ?? []
  let unsigned = 0
  let signed: Link | undefined
  /** True if the next record must be a signed control record. */
  let mustOpen = true
  let isForged = false
  return {
    beginFile () {
      mustOpen = true
    },
    check ({ link, signature, entry: { event, key } }) {
      const { sequence } = link
      const named = keys.length === 0 && signedEvents.has(event) && typeof key === 'string' ? verifyingKeyOfSpki(key) : undefined
      if (named !== undefined) keys = [named]
      unsigned = signature === undefined ? unsigned + 1 : 0
      isForged = signature === undefined && (mustOpen || isForged)
      if (signature !== undefined) signed = link
      mustOpen = event === 'close'
      if (signature === undefined && signedEvents.has(event)) report('is not signed', sequence)
      if (signature === undefined || keys.some((key) => key.verify('record', link, signature))) return
      report('is not signed with the trail\'s key', sequence)
    },
    isFromCrash: (incomplete) => !mustOpen || isStartOfOpening(signed ?? genesis, incomplete),
    tail: () => ({ unsigned, ...(signed !== undefined && { signed }), isForged }),
    keys: () => keys
  }
}

/**
 * Creates a checker for records that the trail must contain, because the head, the log or a copy mentions them. It detects
 * whether the trail's end was cut off.
 */
export function knownRecordChecker (known: readonly Link[], report: Report): {
  check: (record: ParsedRecord) => void
  /** Reports the known records that the trail lacks. Call it after the last record. */
  finish: (last: Link | undefined) => void
} {
  const expected = new Map(known.map(({ sequence, hash }) => [sequence, hash]))
  return {
    check ({ link: { sequence, hash } }) {
      if ((expected.get(sequence) ?? hash) !== hash) report('does not match the known record', sequence)
      expected.delete(sequence)
    },
    finish (last = genesis) {
      const furthest = [...expected.keys()].reduce((furthest, sequence) => Math.max(furthest, sequence), 0)
      if (furthest > last.sequence) report(`${range(last.sequence + 1, furthest)} missing at the end`)
      for (const sequence of expected.keys()) if (sequence <= last.sequence) report(`record ${sequence} is missing`)
    }
  }
}
