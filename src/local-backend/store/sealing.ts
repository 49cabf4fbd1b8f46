import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** Bytes of a key: AES-256. */
export const keyBytes = 32

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const tagBytes = 16

/**
 * Encrypts and authenticates with AES-256-GCM. `place` is what the result belongs to: the same words must be given to open it,
 * so that nothing sealed can be moved elsewhere. The result holds a fresh random IV, the tag and the ciphertext.
 */
export function seal (key: Uint8Array, place: readonly string[], plaintext: Uint8Array): Uint8Array {
  const iv = randomBytes(ivBytes)
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes }).setAAD(additionalData(place))
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), ciphertext])
}

/** Opens what `seal` made, or gives undefined if the key or the place is another, or a bit has changed. */
export function unseal (key: Uint8Array, place: readonly string[], sealed: Uint8Array): Buffer | undefined {
  const start = ivBytes + tagBytes
  try {
    const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, ivBytes), { authTagLength: tagBytes })
      .setAAD(additionalData(place))
      .setAuthTag(sealed.subarray(ivBytes, start))
    return Buffer.concat([decipher.update(sealed.subarray(start)), decipher.final()])
  } catch {
    return undefined
  }
}

function additionalData (place: readonly string[]): Buffer {
  return Buffer.from(JSON.stringify(place))
}
