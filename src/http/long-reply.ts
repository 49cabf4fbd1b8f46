import { Readable } from 'node:stream'
import { forEachInTurns } from '#src/scheduling/turns'

/** The minimum length of a piece of a long reply, in characters. The pieces are sent one by one. */
const pieceLength = 32 * 1024

/** A reply with a long list that has not been serialized yet. */
export class LongReply {
  readonly #items
  readonly #serializeItem
  readonly #rest

  /**
   * @param serializeItem serializes one item
   * @param rest the JSON text of an object with the reply's other members
   */
  constructor (items: readonly unknown[], serializeItem: (item: unknown) => string, rest: string) {
    this.#items = items
    this.#serializeItem = serializeItem
    this.#rest = rest
  }

  /**
   * Serializes the reply. Lets other work run in between. If the reply turns out to be short, returns its text. A long text would
   * be copied several times before it is sent, and each copy would block the event loop. So a long reply is returned in pieces.
   */
  async serialize (): Promise<string | Pieces> {
    const pieces: Buffer[] = []
    let text = '{"items":['
    await forEachInTurns(this.#items, (item, index) => {
      if (index > 0) text += ','
      text += this.#serializeItem(item)
      if (text.length < pieceLength) return
      pieces.push(Buffer.from(text))
      text = ''
    })
    text += this.#rest === '{}' ? ']}' : `],${this.#rest.slice(1)}`
    return pieces.length === 0 ? text : new Pieces([...pieces, Buffer.from(text)])
  }
}

/** A text that is sent piece by piece. A piece leaves the memory when it has been sent. */
export class Pieces extends Readable {
  readonly byteLength: number
  readonly #pieces
  #bytesLeft

  constructor (pieces: Buffer[]) {
    super()
    this.#pieces = pieces
    this.byteLength = pieces.reduce((sum, { length }) => sum + length, 0)
    this.#bytesLeft = this.byteLength
  }

  /** The number of bytes in the pieces that have not been read yet. */
  get bytesLeft (): number {
    return this.#bytesLeft
  }

  override _read (): void {
    const piece = this.#pieces.shift()
    this.#bytesLeft -= piece?.length ?? 0
    this.push(piece ?? null)
  }
}
