import { createHash } from 'node:crypto'

/** A Lua script, which the server runs as one atomic step. */
export interface Script {
  readonly text: string
  /** The script's SHA-1 hash, by which the server finds a script that it has run before. */
  readonly hash: string
}

export const script = (text: string): Script => ({ text, hash: createHash('sha1').update(text).digest('hex') })
