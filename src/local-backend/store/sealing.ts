import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** The size of an AES-256 key, in bytes. */
export const keyBytes = 32

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/**
 * Encrypts and authenticates a plaintext with AES-256-GCM.
 *
 * @param context additional authenticated data, which binds the ciphertext to its purpose and location. `unseal` needs the same
 * context, so it fails for a ciphertext that was moved to another place.
 * @returns the concatenation of a random IV, the authentication tag and the ciphertext
 */
export function seal (key: Uint8Array, context: readonly string[], plaintext: Uint8Array): Uint8Array {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes }).setAAD(additionalData(context))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext])
}

/** Decrypts the result of `seal`. Returns undefined if the key or the context differs, or if the data was modified. */
export function unseal (key: Uint8Array, context: readonly string[], sealed: Uint8Array): Buffer | undefined {
  const start = ivBytes + tagBytes
  try {
    const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
      .setAAD(additionalData(context))
      .setAuthTag(sealed.subarray(ivBytes, start))
    return Buffer.concat([decipher.update(sealed.subarray(start)), decipher.final()])
  } catch {
    return undefined
  }
}

function additionalData (context: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(context))
}
