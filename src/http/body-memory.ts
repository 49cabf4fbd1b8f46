import { maximumValues } from './json.ts'

/** The number of copies of a body in memory: its bytes, its text, and the strings of its parsed form. */
const copies = 3

/**
 * `memory` is the number of bytes that a value in a parsed body takes, not counting its text. `text` is the length in bytes of
 * the shortest text of such a value: `[],`.
 */
const value = { memory: 64, text: 3 }

/** Returns the maximum memory, in bytes, that a JSON body and its parsed form take. */
export const bodyMemory = (length: number): number =>
  copies * length + value.memory * Math.min(Math.ceil(length / value.text), maximumValues)
