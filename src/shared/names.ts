import { createHmac, createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from 'node:crypto'
import type { SharedSettings } from './settings.ts'

/** The names of keys and channels, and the authentication of messages. */
export interface Names {
  /** Returns the name of a key or a channel. The parts must contain nothing confidential. */
  readonly key: (...parts: readonly string[]) => string
  /**
   * Returns a name for something that may be confidential and could be guessed, such as a caller or a signature. Without the
   * fleet's key, nobody can check a guess against the name.
   *
   * @param purpose the purpose of the name; the same text has different names for different purposes
   */
  readonly hidden: (purpose: string, text: string) => string
  /** Adds an authentication code to a message. Only a member of the fleet can compute it. */
  readonly signed: (channel: string, message: string) => string
  /** Returns the message without its code, or undefined if the code is not valid for this message and channel. */
  readonly verified: (channel: string, text: string) => string | undefined
}

/** The length of an authentication code or a hidden name, in characters: 132 bits in base64url. */
const codeLength = 22

const derive = (key: Uint8Array, purpose: string): KeyObject =>
  createSecretKey(Buffer.from(hkdfSync('sha256', key, '', `secrets-gateway shared ${purpose} 1`, 32)))

/**
 * Creates the names of a fleet. All keys have the same hash tag, so that a script may use several keys, even in a Redis Cluster.
 */
export function createNames ({ fleet, key }: Pick<SharedSettings, 'fleet' | 'key'>): Names {
  const nameKey = derive(key, 'names')
  const messageKey = derive(key, 'messages')
  const codeOf = (channel: string, message: string): string =>
    createHmac('sha256', messageKey).update(`${channel}\n${message}`).digest('base64url').slice(0, codeLength)
  return {
    key: (...parts) => [`{${fleet}}`, ...parts].join(':'),
    hidden: (purpose, text) => createHmac('sha256', nameKey).update(`${purpose}\n${text}`).digest('base64url').slice(0, codeLength),
    signed: (channel, message) => codeOf(channel, message) + message,
    verified (channel, text) {
      const message = text.slice(codeLength)
      const found = Buffer.from(text.slice(0, codeLength))
      const expected = Buffer.from(codeOf(channel, message))
      return found.length === expected.length && timingSafeEqual(found, expected) ? message : undefined
    }
  }
}
