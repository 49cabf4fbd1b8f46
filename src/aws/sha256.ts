import { createHash, createHmac, createSecretKey } from 'node:crypto'
import type { Checksum, SourceData } from '@smithy/types'

/**
 * Computes the SHA-256 or, with a key, the HMAC that the SDK's signatures need. The SDK's own class does the same, but an HMAC
 * whose key is a buffer takes Node.js four times as long. Each call to AWS needs two HMACs.
 */
export class Sha256 implements Checksum {
  readonly #begin
  #hash

  constructor (secret?: SourceData) {
    const key = secret === undefined ? undefined : createSecretKey(bytesOf(secret))
    this.#begin = () => key === undefined ? createHash('sha256') : createHmac('sha256', key)
    this.#hash = this.#begin()
  }

  update (chunk: Uint8Array): void {
    this.#hash.update(chunk)
  }

  async digest (): Promise<Uint8Array> {
    return this.#hash.digest()
  }

  reset (): void {
    this.#hash = this.#begin()
  }
}

function bytesOf (data: SourceData): Buffer {
  if (typeof data === 'string') return Buffer.from(data)
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data)
}
