import type { FileHandle } from 'node:fs/promises'
import type { SigningKey, VerifyingKey } from './key.ts'
import type { Link } from './record.ts'

/**
 * The signed position of a trail's last record, stored in a separate file that every write to the trail updates. The head reveals
 * whether the end of the trail was cut off.
 */
export interface Head {
  readonly link: Link
  /** The offset, in bytes, at which the record ends in the trail's file. Not signed, because it only helps to find the record. */
  readonly size: number
  readonly signature: string
}

/** The size of the head file, in bytes. It is one disk sector, so overwriting it is atomic and works even on a full disk. */
const length = 512

const pattern = /^\{"sequence":(\d{1,15}),"hash":"([0-9a-f]{64})","size":(\d{1,15}),"signature":"([0-9a-f]{128})"\}\s*$/

export function encodeHead (link: Link, size: number, key: SigningKey): string {
  const { sequence, hash } = link
  return `${JSON.stringify({ sequence, hash, size, signature: key.sign('head', link) }).padEnd(length - 1)}\n`
}

/** Parses the content of a head file. Returns undefined if it is empty or malformed. */
export function parseHead (text: string): Head | undefined {
  const [, sequence, hash = '', size, signature = ''] = pattern.exec(text) ?? []
  return sequence === undefined ? undefined : { link: { sequence: Number(sequence), hash }, size: Number(size), signature }
}

export const isSigned = ({ link, signature }: Head, key: VerifyingKey): boolean => key.verify('head', link, signature)

/** Returns the content of a head file; an empty string if the file is new. */
export async function readHead (handle: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
  return buffer.toString('latin1', 0, bytesRead)
}
