import type { FileHandle } from 'node:fs/promises'
import type { SigningKey, VerifyingKey } from './key.ts'
import type { Link } from './record.ts'

/**
 * Where a trail ends: its last record, signed. It stands beside the trail, in a file that is written over with each write of the
 * trail, so that a trail whose end was cut off shows.
 */
export interface Head {
  readonly link: Link
  /** The bytes of the trail's file up to there: where to look first, and nothing to rely on. */
  readonly size: number
  readonly signature: string
}

/** One sector, so that it is written whole, and needs no more room on a full disk. */
const length = 512

const form = /^\{"sequence":(\d{1,15}),"hash":"([0-9a-f]{64})","size":(\d{1,15}),"signature":"([0-9a-f]{128})"\}\s*$/

export function encodeHead (link: Link, size: number, key: SigningKey): string {
  const { sequence, hash } = link
  return `${JSON.stringify({ sequence, hash, size, signature: key.sign('head', link) }).padEnd(length - 1)}\n`
}

/** Undefined where the text is no head. */
export function parseHead (text: string): Head | undefined {
  const [, sequence, hash = '', size, signature = ''] = form.exec(text) ?? []
  return sequence === undefined ? undefined : { link: { sequence: Number(sequence), hash }, size: Number(size), signature }
}

export const isSigned = ({ link, signature }: Head, key: VerifyingKey): boolean => key.verify('head', link, signature)

/** What stands in the head's file. */
export async function readHead (handle: FileHandle): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0)
  return buffer.toString('latin1', 0, bytesRead)
}
