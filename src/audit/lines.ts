/** A line of a file, without its line feed. */
export interface Line {
  readonly bytes: Buffer
  /** Whether a line feed ends it; the last bytes of a file may lack one. */
  readonly ended: boolean
  /** Where the next line begins, in bytes from where the reading began. */
  readonly next: number
}

/** Longer than any record. What is longer is given in pieces, none of which is one. */
const longest = 1024 * 1024

const lineFeed = 0x0a

/** The lines of a file that is read in chunks. */
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
    if (rest.length <= longest) continue
    next += rest.length
    yield { bytes: rest, ended: false, next }
    rest = Buffer.alloc(0)
  }
  if (rest.length > 0) yield { bytes: rest, ended: false, next: next + rest.length }
}
