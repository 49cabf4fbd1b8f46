import { verifyingKeyOfSpki, type VerifyingKey } from './key.ts'
import { genesis, isIntact, type Link, type ParsedRecord } from './record.ts'

/** Is told of what is wrong at the place that is being read, with the record's number where it is known. */
export type Report = (message: string, sequence?: number) => void

const range = (from: number, to: number): string => from === to ? `record ${from} is` : `records ${from} to ${to} are`

/**
 * Checks that each record is as it was written, and follows the one before.
 *
 * @param oldest the number of the record that is to be the first; a later one is no finding where it is Infinity
 */
export function chainChecker (report: Report, oldest = 1): {
  check: (record: ParsedRecord) => void
  /** For a line that is no record any more. */
  skip: (message: string) => void
  result: () => { records: number, first?: Link, last?: Link }
} {
  let first: Link | undefined
  let last: Link | undefined
  let records = 0
  /** The hashes that the next record may name as the one before; unknown behind a line that is none. */
  let hashes: readonly string[] | undefined = [genesis.hash]
  /** Lines since the last record that were changed, each of which was one record once. */
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
      report(`stands behind record ${before.sequence}: it was moved, or is there twice`, sequence)
      return false
    } else if (sequence > expected) report(`${range(expected, sequence - 1)} missing before it`, sequence)
    else if (hashes?.includes(previous) === false) report('does not follow the record before it: one of the two is another than was written', sequence)
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
      if (last === undefined && link.sequence === 1 && previous !== genesis.hash) report('is the first and yet follows another', link.sequence)
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

const signedEvents: ReadonlySet<unknown> = new Set(['start', 'resume', 'checkpoint', 'close'])

/** Checks signatures. What the trail says about itself is always signed, and so is the last record of each write. */
export function signatureChecker (given: readonly VerifyingKey[] | undefined, report: Report): {
  check: (record: ParsedRecord) => void
  /** How many records stand behind the last that is signed. */
  unsigned: () => number
  /** The keys that signatures are checked with: those given, else the one that the trail itself names first. */
  keys: () => readonly VerifyingKey[]
} {
  let keys = given ?? []
  let unsigned = 0
  return {
    check ({ link, signature, entry: { event, key } }) {
      const { sequence } = link
      const named = keys.length === 0 && signedEvents.has(event) && typeof key === 'string' ? verifyingKeyOfSpki(key) : undefined
      if (named !== undefined) keys = [named]
      unsigned = signature === undefined ? unsigned + 1 : 0
      if (signature === undefined && signedEvents.has(event)) report('is not signed', sequence)
      if (signature === undefined || keys.some((key) => key.verify('record', link, signature))) return
      report('is not signed with the trail\'s key', sequence)
    },
    unsigned: () => unsigned,
    keys: () => keys
  }
}

/** Checks that the trail has the records that are known of from elsewhere, and so reaches as far as it did. */
export function placeChecker (known: readonly Link[], report: Report): {
  check: (record: ParsedRecord) => void
  /** Tells what is missing, at the end. */
  finish: (last: Link | undefined) => void
} {
  const expected = new Map(known.map(({ sequence, hash }) => [sequence, hash]))
  return {
    check ({ link: { sequence, hash } }) {
      if ((expected.get(sequence) ?? hash) !== hash) report('is another than the one that is known', sequence)
      expected.delete(sequence)
    },
    finish (last = genesis) {
      const furthest = Math.max(0, ...expected.keys())
      if (furthest > last.sequence) report(`${range(last.sequence + 1, furthest)} missing at the end`)
      for (const sequence of expected.keys()) if (sequence <= last.sequence) report(`record ${sequence} is missing`)
    }
  }
}
