import { seal, unseal, type Seal } from '#src/sealing/sealed'

/**
 * Encrypts and authenticates the stored parts of a job. So nobody can learn names by reading the store, or make the gateway
 * create secrets by writing to it.
 */
export interface JobCipher {
  /** @param part the name of the part; the text can't be decrypted as another part, or as a part of another job */
  readonly encrypt: (id: string, part: string, content: unknown) => string
  /** Returns the content that was encrypted. @throws Error if it was not encrypted with the fleet's key */
  readonly decrypt: (id: string, part: string, text: string) => unknown
}

/** Creates the cipher. @param key the key of the fleet */
export function createJobCipher (key: Uint8Array): JobCipher {
  const how: Seal = { key, purpose: 'secrets-gateway job 1' }
  const context = (id: string, part: string): Buffer => Buffer.from(`${id} ${part}`)
  return {
    encrypt: (id, part, content) => seal(how, context(id, part), Buffer.from(JSON.stringify(content))).toString('base64'),
    decrypt (id, part, text) {
      const opened = unseal(how, context(id, part), Buffer.from(text, 'base64'))
      if (opened === undefined) throw new Error('the shared state of a job was not written with the key of the fleet')
      return JSON.parse(opened.toString()) as unknown
    }
  }
}
