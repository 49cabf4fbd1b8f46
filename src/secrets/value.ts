import type { Static } from '@sinclair/typebox'
import { shapes } from '#src/aws-model/shapes'
import { exactJson } from '#src/json/lossless'
import { Problem } from '#src/problems/problem'
import type { Encoding, Value } from './schemas.ts'

/** A value as AWS takes it. */
export type AwsValue = { SecretString: string } | { SecretBinary: Uint8Array }

const maximumBytes = shapes.SecretBinaryType.max

/** @returns the value, or in `mistake` what is wrong with it (without quoting it) */
export function parseValue (value: Static<typeof Value>, encoding: Static<typeof Encoding> = 'text'): { value: AwsValue } | { mistake: string } {
  if (encoding === 'base64') {
    if (typeof value !== 'string') return { mistake: 'must be a string, since encoding is base64' }
    const bytes = Buffer.from(value, 'base64')
    if (bytes.toString('base64') !== value) return { mistake: 'must be base64 (RFC 4648, with padding)' }
    return sized(bytes.length, { SecretBinary: bytes })
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return sized(Buffer.byteLength(text), { SecretString: text })
}

function sized (bytes: number, value: AwsValue): { value: AwsValue } | { mistake: string } {
  if (bytes === 0) return { mistake: 'must NOT be empty: a secret without a value is made by leaving value out' }
  return bytes <= maximumBytes ? { value } : { mistake: `must NOT have more than ${maximumBytes} bytes` }
}

/**
 * One key of a value that is a JSON object: a text as it is, anything else as its JSON, numbers to the last digit.
 *
 * @throws Problem `field-not-found`
 */
export function selectField (content: string | Uint8Array, field: string): string {
  const object = typeof content === 'string' ? exactJson(content) : undefined
  if (typeof object !== 'object' || object === null || Array.isArray(object) || !Object.hasOwn(object, field)) {
    throw new Problem('field-not-found')
  }
  const value = (object as Record<string, unknown>)[field]
  return typeof value === 'string' ? value : JSON.stringify(value)
}
