import { hash } from 'node:crypto'
import { isoTime } from '#src/clock'
import { getOrCreate } from '#src/collections/get-or-create'
import type { CacheUse } from './cache-use.ts'

/** A record's position in the chain: its sequence number and its hash. */
export interface Link {
  readonly sequence: number
  readonly hash: string
}

/** The position before the first record of a trail. */
export const genesis: Link = { sequence: 0, hash: '0'.repeat(64) }

/** The policies' decision, and the policies that determined it. */
export interface RecordedDecision {
  readonly allowed: boolean
  readonly policies: readonly string[]
}

/** The entry of a record about a request. Never contains a secret's value, a token or a query string. */
export interface RequestEntry {
  /**
   * `intent`: the request is allowed and about to be executed. `outcome`: its result. `item`: the result for one secret of a bulk
   * request. `denial`: the request was refused before anything was done.
   */
  readonly event: 'intent' | 'outcome' | 'item' | 'denial'
  /** The sequence number of the intent that this record belongs to. */
  readonly intent?: number | undefined
  readonly requestId?: string | undefined
  /** The ID of the trace that the request belongs to: 32 hexadecimal digits. */
  readonly traceId?: string | undefined
  /** The ID of the request's span in that trace. Present only if the gateway records traces. */
  readonly spanId?: string | undefined
  readonly caller?: { readonly id: string, readonly method?: string } | undefined
  /** The IP address that sent the request. */
  readonly peer?: string | undefined
  /** The route's `operationId` in the OpenAPI document. */
  readonly operation?: string | undefined
  /** The action that the request or item needs permission for: an AWS operation or one of the gateway's own actions. */
  readonly action?: string | undefined
  readonly environment?: string | undefined
  /** The secret's name, without the environment's prefix. */
  readonly name?: string | undefined
  /** For an item: the names of all secrets that share the record, if there are several. `name` is then absent. */
  readonly names?: readonly string[] | undefined
  readonly credential?: string | undefined
  /** The decision about `action`. If the request was refused earlier, this is the decision about seeing the environment. */
  readonly decision?: RecordedDecision | undefined
  /** The decisions about further actions that the request needed, and about actions in other environments. */
  readonly decisions?: readonly (RecordedDecision & { readonly action: string, readonly environment?: string })[] | undefined
  /** The ID of the job that the request started, read or cancelled. */
  readonly job?: string | undefined
  /** The number of secrets in a bulk request. */
  readonly items?: number | undefined
  /**
   * The number of further denied secrets that the reply leaves out. Only some of these secrets have an item, because a short
   * request, such as a list, can concern any number of secrets.
   */
  readonly unlisted?: number | undefined
  /** The HTTP status of the reply. For an item, the status that a request for this secret alone would have had. */
  readonly status?: number | undefined
  /** The problem code of a failure. */
  readonly code?: string | undefined
  /** The detailed reason for a failure, for example why authentication failed. The reply does not contain it. */
  readonly reason?: string | undefined
  /** For an item: what happened to this secret. */
  readonly result?: string | undefined
  /** The ID of the version that was read or written, or whose staging labels were changed. */
  readonly versionId?: string | undefined
  /** For an item with `names`: the ID of each secret's version, in the same order. `versionId` is then absent. */
  readonly versionIds?: readonly string[] | undefined
  /** Present if the value came from the cache or, for an item with `names`, if all values did. */
  readonly cache?: CacheUse | undefined
  /** The age of the cached value, in seconds. */
  readonly age?: number | undefined
  /** The request IDs of the calls to AWS, which CloudTrail records too. */
  readonly awsRequestIds?: readonly string[] | undefined
  /** The number of calls to AWS. Present only if `awsRequestIds` does not list all of them. */
  readonly awsCalls?: number | undefined
}

/** The state of the trail when it was opened. */
export type Found =
  /** No file and no head: this is a new trail. */
  | 'nothing'
  /** The trail ends with the last record that the gateway wrote. */
  | 'intact'
  /** The file is missing or empty, as after a rotation. */
  | 'moved'
  /** The file was deleted while the gateway had it open. */
  | 'removed'
  /** The trail has no head, so its end can't be checked. */
  | 'no-head'
  /** The trail's head is malformed, or is not signed with the current key. */
  | 'unsigned-head'
  /** The file ends before the last record that the gateway wrote. */
  | 'cut-off'
  /** The end of the file differs from what the gateway wrote. */
  | 'changed'

/** The entry of a control record, which is about the trail itself. */
export interface ControlEntry {
  /**
   * `start`: a process opened the trail. `resume`: the trail continues after a failure, after refused requests or in a new
   * file. `checkpoint`: written periodically. `close`: the process shut down gracefully.
   */
  readonly event: 'start' | 'resume' | 'checkpoint' | 'close'
  /** The version of the record format. */
  readonly format?: number
  /** The public key of the signatures: SPKI in base64. */
  readonly key?: string
  readonly found?: Found
  /**
   * The number of bytes that were removed because a crash had interrupted a write. The requests of that write were never
   * answered.
   */
  readonly torn?: number
  /** The number of requests refused since the last write because they could not be recorded. */
  readonly refused?: number
  /** The sequence numbers of records that were written only after their requests had been refused. */
  readonly late?: Range
}

/** A range of sequence numbers, both ends included. */
export interface Range {
  readonly from: number
  readonly to: number
}

export type Entry = RequestEntry | ControlEntry

type MemberName = keyof RequestEntry | keyof ControlEntry

/** The order of the members in a line. It does not depend on the order in which an entry was built. */
const order = Object.keys({
  event: null, intent: null, requestId: null, traceId: null, spanId: null, caller: null, peer: null, operation: null,
  action: null, environment: null, name: null, names: null, credential: null, decision: null, decisions: null, job: null,
  items: null, unlisted: null, status: null, code: null, reason: null, result: null, versionId: null, versionIds: null,
  cache: null, age: null, awsRequestIds: null, awsCalls: null, format: null, key: null, found: null, torn: null, refused: null,
  late: null
} satisfies Record<MemberName, null>) as MemberName[]

/**
 * Encodes an entry as JSON members, without the braces and without the members that `chainRecord` adds.
 *
 * @param time milliseconds since the epoch
 */
export function encodeEntry (entry: Entry, time: number): string {
  const members: Readonly<Partial<Record<MemberName, unknown>>> = entry
  let text = `"time":"${isoTime(time)}"`
  for (const name of order) {
    const value = members[name]
    if (value !== undefined) text += `,"${name}":${encodeValue(name, value)}`
  }
  return text
}

/** Matches ASCII text that needs no escaping in JSON. */
const plainText = /^[ !#-[\]-~]*$/

/** Encodes callers and decisions. Many records share the same object, which is therefore encoded only once. */
const sharedObjects: Readonly<Record<string, (object: object) => string>> = {
  caller: encodeOnce(['id', 'method']),
  decision: encodeOnce(['allowed', 'policies'])
}

/** Returns a function that encodes some members of an object, and caches the result as long as the object exists. */
function encodeOnce (members: string[]): (object: object) => string {
  const encoded = new WeakMap<object, string>()
  return (object) => getOrCreate(encoded, object, () => JSON.stringify(object, members))
}

/**
 * Does the same as `JSON.stringify`, but faster. Nearly all values are plain text, which needs no escaping, or shared objects,
 * whose encoding is cached.
 */
const encodeValue = (name: MemberName, value: unknown): string =>
  typeof value === 'string' && plainText.test(value) ? `"${value}"` : sharedObjects[name]?.(value as object) ?? JSON.stringify(value)

interface ChainedRecord {
  readonly line: string
  readonly link: Link
}

/**
 * Builds the next record of the chain. The hash covers the record's line up to the hash itself. This part of the line includes
 * the hash of the previous record. A signature signs the hash and therefore covers all earlier records, too.
 *
 * @param members the entry, encoded by `encodeEntry`
 * @param sign signs the record; omit it for an unsigned record
 */
export function chainRecord (members: string, before: Link, sign?: (link: Link) => string): ChainedRecord {
  const sequence = before.sequence + 1
  // The hash covers this member, so the removal of a signature is detected.
  const signedMember = sign === undefined ? '' : ',"signed":true'
  const hashed = `{"sequence":${sequence},${members},"previous":"${before.hash}"${signedMember}`
  const link = { sequence, hash: hash('sha256', hashed) }
  const signature = sign === undefined ? '' : `,"signature":"${sign(link)}"`
  return { line: `${hashed},"hash":"${link.hash}"${signature}}\n`, link }
}

/** A record, parsed from its line. */
export interface ParsedRecord {
  readonly link: Link
  /** The hash of the previous record. */
  readonly previous: string
  /** The actual hash of the line's bytes. It differs from the link's hash if the line was changed. */
  readonly actualHash: string
  readonly signature?: string
  /** The members of the entry. Their types have not been checked. */
  readonly entry: Readonly<Partial<Record<MemberName | 'time', unknown>>>
}

/** Checks that a record's bytes match the hash in its line. */
export const isIntact = ({ link, actualHash }: ParsedRecord): boolean => link.hash === actualHash

/**
 * Checks whether a record is an opening record. This is the control record that a process writes first in a new file, or in a
 * trail that was closed. It is always signed, so nobody without the key can write one.
 */
export const isOpening = ({ signature, entry: { event } }: ParsedRecord): boolean =>
  signature !== undefined && (event === 'start' || event === 'resume')

/**
 * Checks whether an incomplete line, which a crash may have left, can be the beginning of an opening record that follows `link`.
 */
export function isStartOfOpening ({ sequence }: Link, line: Buffer): boolean {
  const time = '0000-00-00T00:00:00.000Z'
  const text = line.toString('latin1').replace(/(?<="time":")[\dTZ:.-]{1,24}/, (found) => time.slice(0, found.length))
  return ['start', 'resume'].some((event) => {
    const start = `{"sequence":${sequence + 1},"time":"${time}","event":"${event}",`
    return start.startsWith(text) || text.startsWith(start)
  })
}

const linePattern = new RegExp([
  /^(\{"sequence":([1-9]\d{0,14}),.*,"previous":"([0-9a-f]{64})"(,"signed":true)?)/,
  /,"hash":"([0-9a-f]{64})"(?:,"signature":"([0-9a-f]{128})")?\}$/
].map(({ source }) => source).join(''), 's')

/** Parses a line without its line feed. Returns undefined if it is not a record. */
export function parseRecord (line: Buffer): ParsedRecord | undefined {
  // latin1 maps each byte to one character, so offsets in the match are byte offsets.
  const [, hashed = '', sequence, previous = '', signed, claimed = '', signature] = linePattern.exec(line.toString('latin1')) ?? []
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
