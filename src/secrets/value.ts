import type { Static } from '@sinclair/typebox'
import { shapes } from '#src/aws-model/shapes'
import type { SecretContent } from '#src/aws/secret'
import { parseLossless } from '#src/json/lossless'
import { Problem } from '#src/problems/problem'
import type { Encoding, Value } from './schemas.ts'

const maximumBytes = shapes.SecretBinaryType.max

/**
 * Converts a value in a request to the content to store.
 *
 * @returns `content` if the value is valid; otherwise `mistake`, an error message that does not quote the value
 */
export function parseValue (value: Static<typeof Value>, encoding: Static<typeof Encoding> = 'text'): { content: SecretContent } | { mistake: string } {
  if (encoding === 'base64') {
    if (typeof value !== 'string') return { mistake: 'must be a string, since encoding is base64' }
    const bytes = Buffer.from(value, 'base64')
    if (bytes.toString('base64') !== value) return { mistake: 'must be base64 (RFC 4648, with padding)' }
    return sized(bytes.length, bytes)
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return sized(Buffer.byteLength(text), text)
}

function sized (bytes: number, content: SecretContent): { content: SecretContent } | { mistake: string } {
  if (bytes === 0) return { mistake: 'must NOT be empty: a secret without a value is made by leaving value out' }
  return bytes <= maximumBytes ? { content } : { mistake: `must NOT have more than ${maximumBytes} bytes` }
}

/**
 * Returns the value of one key of a JSON object. A string is returned unchanged. Any other value is returned as JSON, and its
 * numbers keep all their digits.
 *
 * @throws Problem `field-not-found` if the content is not a JSON object or lacks the key
 */
export function selectField (content: SecretContent, field: string): string {
  const object = typeof content === 'string' ? parseLossless(content) : undefined
  if (typeof object !== 'object' || object === null || Array.isArray(object) || !Object.hasOwn(object, field)) {
    throw new Problem('field-not-found')
  }
  const value = (object as Record<string, unknown>)[field]
  return typeof value === 'string' ? value : JSON.stringify(value)
}
