import type { FileHandle } from 'node:fs/promises'
import type { VerifyingKey } from './key.ts'
import { linesOf } from './lines.ts'
import { genesis, isIntact, parseRecord, type Found, type Link, type ParsedRecord } from './record.ts'
import { UnusableTrail } from './settings.ts'

/** A place that the trail is known to have reached, and where that is in its file. */
export interface Known {
  readonly link: Link
  readonly size: number
}

/** How a trail's file ends. */
export interface End {
  readonly found: Found
  /** What the next record follows. */
  readonly link: Link
  /** Bytes at the end to drop: a write that a crash has left unfinished. */
  readonly torn: number
  /** Whether the file ends without a line feed, and stays as it is. */
  readonly isUnended?: true
}

/** What no record, and no write, is larger than. */
const mostBytes = { record: 1024 * 1024, write: 32 * 1024 * 1024 }

/**
 * Looks at the end of a trail's file, before it is gone on with: whether it has the record that is known to be the last, and
 * what a crash may have left behind it. A write ends with a signed record: what has none was not finished.
 *
 * @param isFirst whether another process has written it: one that is gone may have got further than what is known
 * @throws UnusableTrail where the file holds something else than a trail
 */
export async function inspectEnd (
  handle: FileHandle, known: Known | undefined, key: VerifyingKey, isFirst: boolean
): Promise<End> {
  const { size } = await handle.stat()
  if (size === 0) return { found: known === undefined ? 'nothing' : 'moved', link: known?.link ?? genesis, torn: 0 }
  if (known === undefined) return withoutHead(handle, key, size)
  const { link } = known
  if (await hasAt(handle, known, size)) {
    if (size === known.size) return { found: 'intact', link, torn: 0 }
    const extended = isFirst ? await follow(handle, known, key, size) : undefined
    if (extended !== undefined) return extended
  }
  // A crash may have come right after a new file was begun.
  const begun = isFirst ? await follow(handle, { link, size: 0 }, key, size) : undefined
  return begun ?? otherwise(handle, known, size)
}

/** The last record in the file's first bytes, and how many bytes are behind it. */
async function lastRecord (handle: FileHandle, size: number): Promise<{ last?: ParsedRecord, torn: number }> {
  const position = Math.max(0, size - mostBytes.record)
  const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(size - position), position })
  const end = buffer.subarray(0, bytesRead)
  const whole = end.subarray(0, end.lastIndexOf('\n') + 1)
  const last = parseRecord(whole.subarray(whole.lastIndexOf('\n', -2) + 1, -1))
  return { torn: end.length - whole.length, ...(last !== undefined && isIntact(last) && { last }) }
}

/** Whether the record is there, just in front of that place. */
async function hasAt (handle: FileHandle, { link, size: place }: Known, size: number): Promise<boolean> {
  if (place > size) return false
  const { last, torn } = await lastRecord(handle, place)
  return torn === 0 && last?.link.hash === link.hash
}

/** A file that does not end as it should is left as it is, for whoever looks into it. */
async function otherwise (handle: FileHandle, known: Known, size: number): Promise<End> {
  const { torn } = await lastRecord(handle, size)
  return { found: size < known.size ? 'cut-off' : 'changed', link: known.link, torn: 0, ...(torn > 0 && { isUnended: true }) }
}

/** Takes the last record that is signed for the end of the last write. */
async function withoutHead (handle: FileHandle, key: VerifyingKey, size: number): Promise<End> {
  let known: Known | undefined
  const start = Math.max(0, size - mostBytes.write)
  for await (const { bytes, next } of linesOf(chunksOf(handle, start))) {
    const record = parseRecord(bytes)
    if (record?.signature !== undefined && isIntact(record)) known = { link: record.link, size: start + next }
  }
  if (known === undefined) throw new UnusableTrail('audit.file', 'a file that is no audit trail', 'one, or none: move this away')
  return { ...await follow(handle, known, key, size) ?? await otherwise(handle, known, size), found: 'no-head' }
}

/** The file from a place on. A stream would close the handle when it is left early. */
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

/** Follows the chain from a place to the end of the last whole write; undefined where something else is there. */
async function follow (handle: FileHandle, known: Known, key: VerifyingKey, size: number): Promise<End | undefined> {
  let { link: last, size: whole } = known
  let { link } = known
  for await (const { bytes, ended, next } of linesOf(chunksOf(handle, known.size))) {
    // A piece alone in a new file has to be one of the record that was to come.
    if (!ended && known.size === 0 && whole === 0 && !isPieceOf(link, bytes)) return undefined
    if (!ended) continue
    const record = parseRecord(bytes)
    if (record === undefined || !isIntact(record) || record.previous !== link.hash) return undefined
    link = record.link
    if (record.signature === undefined) continue
    if (!key.verify('record', link, record.signature)) return undefined
    last = link
    whole = known.size + next
  }
  return { found: whole === 0 ? 'moved' : 'intact', link: last, torn: size - whole }
}

function isPieceOf ({ sequence }: Link, bytes: Buffer): boolean {
  const begins = `{"sequence":${sequence + 1},`
  return begins.startsWith(bytes.toString('latin1', 0, begins.length))
}
