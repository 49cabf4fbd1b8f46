import { seal, unseal, type Seal } from '#src/sealing/sealed'

/**
 * Encrypts and authenticates the stored parts of a job. So nobody can learn names by reading the store, or make the gateway
 * create a secret by writing to it.
 */
export interface Vault {
  /** @param part the name of the part; the text can't be decrypted as another part, or as a part of another job */
  readonly close: (id: string, part: string, content: unknown) => string
  /** Returns the content that was encrypted. @throws Error if it was not encrypted with the fleet's key */
  readonly open: (id: string, part: string, text: string) => unknown
}

/** @param key the key of the fleet */
export function createVault (key: Uint8Array): Vault {
  const how: Seal = { key, purpose: 'secrets-gateway job 1' }
  const context = (id: string, part: string): Buffer => Buffer.from(`${id} ${part}`)
  return {
    close: (id, part, content) => seal(how, context(id, part), Buffer.from(JSON.stringify(content))).toString('base64'),
    open (id, part, text) {
      const opened = unseal(how, context(id, part), Buffer.from(text, 'base64'))
      if (opened === undefined) throw new Error('the shared state of a job was not written with the key of the fleet')
      return JSON.parse(opened.toString()) as unknown
    }
  }
}
