import type { Static } from '@sinclair/typebox'
import { shapes } from '#src/aws-model/shapes'
import type { SecretContent } from '#src/aws/secret'
import { fieldIn, jsonIn, objectIn, type FieldMistake } from '#src/json/field'
import type { ProblemCode } from '#src/problems/catalogue'
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

const mistakeCodes: Readonly<Record<FieldMistake, ProblemCode>> = {
  binary: 'value-binary',
  'not-json': 'value-not-json',
  'not-object': 'value-not-object',
  missing: 'field-not-found'
}

/**
 * Returns one field of a JSON value: the value of a key, or the value that a JSON pointer refers to. A string is returned
 * unchanged. Any other value is returned as JSON, with the original text of its numbers.
 *
 * @throws Problem `value-binary`, `value-not-json`, `value-not-object`, or `field-not-found` if only the field is missing
 */
export function selectField (content: SecretContent, field: string): string {
  const found = fieldIn(content, field)
  if ('mistake' in found) throw new Problem(mistakeCodes[found.mistake])
  return found.text
}

/**
 * Returns the JSON of a value or, if `field` is given, of one field of it.
 *
 * @throws Problem `value-binary`, `value-not-json`, and with a field also `value-not-object` and `field-not-found`
 */
export function selectJson (content: SecretContent, field: string | undefined): string {
  const found = jsonIn(content, field)
  if ('mistake' in found) throw new Problem(mistakeCodes[found.mistake])
  return found.json
}

/** Parses a value as a JSON object. @throws Problem `value-binary`, `value-not-json`, `value-not-object` */
export function parseObject (content: SecretContent): Record<string, unknown> {
  const found = objectIn(content)
  if ('mistake' in found) throw new Problem(mistakeCodes[found.mistake])
  return found.object
}
