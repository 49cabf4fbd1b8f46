import { createHash, createHmac } from 'node:crypto'

type Source = string | ArrayBuffer | ArrayBufferView

/** SHA-256, or its HMAC with a secret, in the form of a class because the signing library asks for a constructor. */
export class Sha256 {
  readonly #hash: ReturnType<typeof createHash> | ReturnType<typeof createHmac>

  constructor (secret?: Source) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', asBytes(secret))
  }

  update (data: Source): void {
    this.#hash.update(asBytes(data))
  }

  async digest (): Promise<Uint8Array> {
    return this.#hash.digest()
  }
}

function asBytes (source: Source): Uint8Array {
  if (typeof source === 'string') return Buffer.from(source)
  return ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source)
}
