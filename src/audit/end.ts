import type { FileHandle } from 'node:fs/promises'
import type { VerifyingKey } from './key.ts'
import { linesOf } from './lines.ts'
import {
  genesis, isIntact, isOpening, isStartOfOpening, parseRecord, type Found, type Link, type ParsedRecord
} from './record.ts'
import { UnusableTrail } from './settings.ts'

/** A record, and the offset in the trail's file at which it ends. */
export interface Position {
  readonly link: Link
  /** The size of the file, in bytes, up to and including the record. */
  readonly size: number
}

/** The result of inspecting the end of a trail's file. */
export interface End {
  readonly found: Found
  /** The last record so far. The next record to be written refers to it by its hash. */
  readonly link: Link
  /** The number of bytes to remove from the end of the file, left by a write that a crash interrupted. */
  readonly torn: number
  /** True if the file ends in the middle of a line and must not be truncated. The next write then starts with a line feed. */
  readonly lacksLineFeed?: true
}

/**
 * The maximum size, in bytes, of a record and of a write. These sizes limit how far back to search for the last record and the
 * last write.
 */
const maxBytes = { record: 1024 * 1024, write: 32 * 1024 * 1024 }

/**
 * Inspects the end of a trail's file before new records are appended. Checks whether the last known record is still there, and
 * finds bytes left by a write that a crash interrupted. A complete write always ends with a signed record.
 *
 * @param known the last record known to be written, according to the head or to this process
 * @param isFirst true the first time that this process opens the trail. An earlier process may then have written records without
 * updating the head.
 * @throws UnusableTrail if no record is known and the file is not an audit trail
 */
export async function inspectEnd (
  handle: FileHandle, known: Position | undefined, key: VerifyingKey, isFirst: boolean
): Promise<End> {
  const { size } = await handle.stat()
  if (size === 0) return { found: known === undefined ? 'nothing' : 'moved', link: known?.link ?? genesis, torn: 0 }
  if (known === undefined) return endWithoutHead(handle, key, size)
  const { link } = known
  const record = await recordAt(handle, known, size)
  if (record !== undefined) {
    if (size === known.size) return { found: 'intact', link, torn: 0 }
    const extended = isFirst ? await followChain(handle, known, isClose(record), key, size) : undefined
    if (extended !== undefined) return extended
  }
  // An earlier process may have crashed after it wrote to a new file and before it updated the head. The file then begins with
  // the record that follows the head's.
  const begun = isFirst ? await followChain(handle, { link, size: 0 }, true, key, size) : undefined
  return begun ?? unexpectedEnd(handle, known, size)
}

/**
 * Reads the last complete line within the first `size` bytes of the file.
 *
 * @returns the line's record, unless it is damaged, and the number of bytes after the line
 */
async function lastRecord (handle: FileHandle, size: number): Promise<{ last?: ParsedRecord, torn: number }> {
  const position = Math.max(0, size - maxBytes.record)
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(size - position), position })
  const end = buffer.subarray(0, bytesRead)
  const whole = end.subarray(0, end.lastIndexOf('\n') + 1)
  const last = parseRecord(whole.subarray(whole.lastIndexOf('\n', -2) + 1, -1))
  return { torn: end.length - whole.length, ...(last !== undefined && isIntact(last) && { last }) }
}

/** Returns the known record if it is still at its position in the file. */
async function recordAt (handle: FileHandle, known: Position, size: number): Promise<ParsedRecord | undefined> {
  if (known.size > size) return undefined
  const { last, torn } = await lastRecord(handle, known.size)
  return torn === 0 && last?.link.hash === known.link.hash ? last : undefined
}

const isClose = ({ entry: { event } }: ParsedRecord): boolean => event === 'close'

/** Describes a file with an unexpected end. Nothing is removed from the file, because it is evidence. */
async function unexpectedEnd (handle: FileHandle, known: Position, size: number): Promise<End> {
  const { torn } = await lastRecord(handle, size)
  return { found: size < known.size ? 'cut-off' : 'changed', link: known.link, torn: 0, ...(torn > 0 && { lacksLineFeed: true }) }
}

/** Inspects a file that has no usable head. Assumes that the last complete write ends with the last signed record. */
async function endWithoutHead (handle: FileHandle, key: VerifyingKey, size: number): Promise<End> {
  let last: { position: Position, isClosed: boolean } | undefined
  const start = Math.max(0, size - maxBytes.write)
  for await (const { bytes, next } of linesOf(chunksOf(handle, start))) {
    const record = parseRecord(bytes)
    if (record?.signature === undefined || !isIntact(record)) continue
    last = { position: { link: record.link, size: start + next }, isClosed: isClose(record) }
  }
  if (last === undefined) throw new UnusableTrail('audit.file', 'a file that is not an audit trail', 'an audit trail or no file: move this one away')
  const { position, isClosed } = last
  const end = await followChain(handle, position, isClosed, key, size) ?? await unexpectedEnd(handle, position, size)
  return { ...end, found: 'no-head' }
}

/** Reads the file from a byte offset. Uses no stream, because a stream would close the handle if the caller stopped early. */
async function* chunksOf (handle: FileHandle, start: number): AsyncGenerator<Uint8Array> {
  let position = start
  let read: number
  do {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(65_536), position })
    yield buffer.subarray(0, bytesRead)
    position += bytesRead
    read = bytesRead
  } while (read > 0)
}

/**
 * Follows the chain from the known record to the end of the last complete write. Returns undefined if the chain is broken.
 *
 * @param mustOpen true if the next record must be an opening record, because the known record closed the trail or is in an
 *   earlier file. Any other record then breaks the chain. So does an incomplete line, unless it is the beginning of an opening
 *   record.
 */
async function followChain (
  handle: FileHandle, known: Position, mustOpen: boolean, key: VerifyingKey, size: number
): Promise<End | undefined> {
  let { link: last, size: complete } = known
  let { link } = known
  let opens = mustOpen
  for await (const { bytes, ended, next } of linesOf(chunksOf(handle, known.size))) {
    if (!ended && opens && !isStartOfOpening(link, bytes)) return undefined
    if (!ended) continue
    const record = parseRecord(bytes)
    if (record === undefined || !isIntact(record) || record.previous !== link.hash) return undefined
    if (opens && !isOpening(record)) return undefined
    link = record.link
    opens = isClose(record)
    if (record.signature === undefined) continue
    if (!key.verify('record', link, record.signature)) return undefined
    last = link
    complete = known.size + next
  }
  return { found: complete === 0 ? 'moved' : 'intact', link: last, torn: size - complete }
}
