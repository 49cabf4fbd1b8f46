import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** The size of a sealing key, in bytes. */
export const sealingKeyBytes = 32

const algorithm = 'aes-256-gcm'
const saltBytes = 16
const ivBytes = 12
const tagBytes = 16

/** A key and its purpose. A text that was sealed for one purpose can't be opened for another. */
export interface Seal {
  readonly key: Uint8Array
  readonly purpose: string
}

/**
 * Derives the key and the IV of one sealed text from a random salt. With one key and random IVs, only about 2^32 texts would be
 * safe, because AES-GCM is broken as soon as an IV repeats.
 */
function derive ({ key, purpose }: Seal, salt: Uint8Array): { cipherKey: Buffer, iv: Buffer } {
  const derived = Buffer.from(hkdfSync('sha256', key, salt, purpose, sealingKeyBytes + ivBytes))
  return { cipherKey: derived.subarray(0, sealingKeyBytes), iv: derived.subarray(sealingKeyBytes) }
}

/**
 * Encrypts and authenticates a text.
 *
 * @param context additional authenticated data; the same context is required to open the text
 */
export function seal (how: Seal, context: Uint8Array, plaintext: Uint8Array): Buffer {
  const salt = randomBytes(saltBytes)
  const { cipherKey, iv } = derive(how, salt)
  const cipher = createCipheriv(algorithm, cipherKey, iv, { authTagLength: tagBytes }).setAAD(context)
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([salt, cipher.getAuthTag(), ciphertext])
}

/** Decrypts a text. Returns undefined if it was not sealed with this key, for this purpose and in this context. */
export function unseal (how: Seal, context: Uint8Array, sealed: Uint8Array): Buffer | undefined {
  const start = saltBytes + tagBytes
  try {
    const { cipherKey, iv } = derive(how, sealed.subarray(0, saltBytes))
    const decipher = createDecipheriv(algorithm, cipherKey, iv, { authTagLength: tagBytes })
      .setAAD(context)
      .setAuthTag(sealed.subarray(saltBytes, start))
    return Buffer.concat([decipher.update(sealed.subarray(start)), decipher.final()])
  } catch {
    return undefined
  }
}
