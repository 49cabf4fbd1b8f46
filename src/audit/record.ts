import { hash } from 'node:crypto'

/** A place in the chain: a record's number, and its hash. */
export interface Link {
  readonly sequence: number
  readonly hash: string
}

/** What the first record of a trail follows. */
export const genesis: Link = { sequence: 0, hash: '0'.repeat(64) }

/** What the policies answered, and which of them made the answer. */
export interface RecordedDecision {
  readonly allowed: boolean
  readonly policies: readonly string[]
}

/** What the record of a request says. Never a value, a token or a query string. */
export interface RequestEntry {
  /**
   * `intent`: allowed, and about to be done. `outcome`: how that ended. `item`: what became of one secret of a request on many.
   * `denial`: refused before anything was done.
   */
  readonly event: 'intent' | 'outcome' | 'item' | 'denial'
  /** The sequence of the intent that this is about. */
  readonly intent?: number
  readonly requestId?: string
  readonly caller?: { readonly id: string, readonly method?: string }
  /** The address that the request came from. */
  readonly peer?: string
  /** The operation of the API, as its document names it. */
  readonly operation?: string
  /** What the policies were asked for: AWS's operation, or one of the gateway's own. */
  readonly action?: string
  readonly environment?: string
  /** The secret's name inside the environment. */
  readonly name?: string
  readonly credential?: string
  /** On the action, with the IDs of the policies that made it. */
  readonly decision?: RecordedDecision
  /** On other actions that the request turned out to need, and on those in other environments. */
  readonly decisions?: readonly (RecordedDecision & { readonly action: string, readonly environment?: string })[]
  /** The job that the request started, looked at or cancelled. */
  readonly job?: string
  /** How many secrets a request on many is about. */
  readonly items?: number
  /** The HTTP status of the reply, and of an item the one that it would have alone. */
  readonly status?: number
  /** The problem's code. */
  readonly code?: string
  /** Why the caller was not believed; the reply does not say. */
  readonly reason?: string
  /** What a request on many did with the secret. */
  readonly result?: string
  /** The version that was read or written. */
  readonly versionId?: string
  /** AWS's IDs of the calls that were made, as CloudTrail has them. */
  readonly awsRequestIds?: readonly string[]
  /** How many calls were made, where there are more than IDs in the list. */
  readonly awsCalls?: number
}

/** What was there when the trail was opened. */
export type Found =
  /** Nothing: this is a new trail. */
  | 'nothing'
  /** The trail as it was left: its last record is the one that was written last. */
  | 'intact'
  /** No file where the trail was, or an empty one, as rotation leaves it. */
  | 'moved'
  /** No file, and the one that was written is not anywhere else either. */
  | 'removed'
  /** A trail without the head that says where it ends. */
  | 'no-head'
  /** A trail whose head is not signed with this key. */
  | 'unsigned-head'
  /** A trail that ends before its last record. */
  | 'cut-off'
  /** A trail that holds something else than what was written. */
  | 'changed'

/** What the trail says about itself. */
export interface ControlEntry {
  /** `start` and `close` of a process; `resume` after a failure, or in another file; `checkpoint` now and then. */
  readonly event: 'start' | 'resume' | 'checkpoint' | 'close'
  /** The version of this format. */
  readonly format?: number
  /** The public key of the signatures: SPKI, in base64. */
  readonly key?: string
  readonly found?: Found
  /** Bytes of a write that a crash had left unfinished, which were dropped: whoever waited for it was never answered. */
  readonly torn?: number
  /** How many requests were refused since the last record because they could not be recorded. */
  readonly refused?: number
  /** Records that were written, but too late for their requests, which were refused. */
  readonly late?: Range
}

/** The sequences of some records. */
export interface Range {
  readonly from: number
  readonly to: number
}

export type Entry = RequestEntry | ControlEntry

/** The order of the members in a line; together with `JSON.stringify` it makes the encoding of an entry the only one. */
const order = Object.keys({
  event: 0, intent: 0, requestId: 0, caller: 0, peer: 0, operation: 0, action: 0, environment: 0, name: 0,
  credential: 0, decision: 0, decisions: 0, job: 0, items: 0, status: 0, code: 0, reason: 0, result: 0, versionId: 0,
  awsRequestIds: 0, awsCalls: 0, format: 0, key: 0, found: 0, torn: 0, refused: 0, late: 0
} satisfies Record<keyof RequestEntry | keyof ControlEntry, 0>)

/**
 * An entry's members as they will stand in its line.
 *
 * @param time milliseconds since the epoch
 */
export function encodeEntry (entry: Entry, time: number): string {
  const given = new Map<string, unknown>(Object.entries(entry))
  const members = order.filter((key) => given.get(key) !== undefined).map((key) => `"${key}":${JSON.stringify(given.get(key))}`)
  return [`"time":"${new Date(time).toISOString()}"`, ...members].join(',')
}

interface ChainedRecord {
  readonly line: string
  readonly link: Link
}

/**
 * The line of a record, and its place in the chain. The hash is that of all bytes in front of it, with the hash of the record
 * before among them, so that a signature vouches for all that came before.
 *
 * @param members as `encodeEntry` makes them
 * @param sign signs the record's place, where it is to be signed
 */
export function chainRecord (members: string, before: Link, sign?: (link: Link) => string): ChainedRecord {
  const sequence = before.sequence + 1
  // Inside what is hashed, so that a signature can't be taken away.
  const isSigned = sign === undefined ? '' : ',"signed":true'
  const hashed = `{"sequence":${sequence},${members},"previous":"${before.hash}"${isSigned}`
  const link = { sequence, hash: hash('sha256', hashed) }
  const signature = sign === undefined ? '' : `,"signature":"${sign(link)}"`
  return { line: `${hashed},"hash":"${link.hash}"${signature}}\n`, link }
}

/** A line, read again. */
export interface ParsedRecord {
  readonly link: Link
  /** The hash of the record before. */
  readonly previous: string
  /** The hash that the line's bytes have; the record's own where none was changed. */
  readonly actualHash: string
  readonly signature?: string
  readonly entry: Readonly<Partial<Record<keyof ControlEntry, unknown>>>
}

/** Whether no byte of a record was changed since its hash was made. */
export const isIntact = ({ link, actualHash }: ParsedRecord): boolean => link.hash === actualHash

const form = new RegExp([
  /^(\{"sequence":([1-9]\d{0,14}),.*,"previous":"([0-9a-f]{64})"(,"signed":true)?)/,
  /,"hash":"([0-9a-f]{64})"(?:,"signature":"([0-9a-f]{128})")?\}$/
].map(({ source }) => source).join(''), 's')

/** Reads a line, without its line feed; undefined where it is no record at all. */
export function parseRecord (line: Buffer): ParsedRecord | undefined {
  // One character a byte: what is matched is what was written, and not what a decoder makes of it.
  const [, hashed = '', sequence, previous = '', signed, claimed = '', signature] = form.exec(line.toString('latin1')) ?? []
  if (sequence === undefined || (signed === undefined) !== (signature === undefined)) return undefined
  const entry = objectFrom(line.toString())
  if (entry === undefined) return undefined
  return {
    link: { sequence: Number(sequence), hash: claimed },
    previous,
    actualHash: hash('sha256', line.subarray(0, hashed.length)),
    ...(signature !== undefined && { signature }),
    entry
  }
}

function objectFrom (text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    return undefined
  }
}
