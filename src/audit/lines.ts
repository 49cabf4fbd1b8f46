/** A line of a file, without its line feed. */
export interface Line {
  readonly bytes: Buffer
  /** True if a line feed ends the line. The last line of a file may lack one. */
  readonly ended: boolean
  /** The offset of the next line, in bytes from the start of the chunks. */
  readonly next: number
}

/** The maximum length of a line in bytes. Longer lines are returned in pieces. All records are shorter. */
export const maxLineBytes = 1024 * 1024

const lineFeed = 0x0a

/** Splits the chunks of a file into lines. */
export async function* linesOf (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let rest = Buffer.alloc(0)
  let next = 0
  for await (const chunk of chunks) {
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(lineFeed); end >= 0; end = rest.indexOf(lineFeed)) {
      next += end + 1
      yield { bytes: rest.subarray(0, end), ended: true, next }
      rest = rest.subarray(end + 1)
    }
    if (rest.length <= maxLineBytes) continue
    next += rest.length
    yield { bytes: rest, ended: false, next }
    rest = Buffer.alloc(0)
  }
  if (rest.length > 0) yield { bytes: rest, ended: false, next: next + rest.length }
}
