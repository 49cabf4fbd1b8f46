import { isJsonObject, parseLossless } from './lossless.ts'
import { pointerTokens } from './pointer.ts'

/** The reason why a value lacks a field: it is binary, it is not JSON, its JSON can't have fields, or the field is missing. */
export type FieldMistake = 'binary' | 'not-json' | 'not-object' | 'missing'

type JsonObject = Record<string, unknown>

/** Returns a string unchanged, and any other JSON value as JSON, with the original text of its numbers. */
export const memberText = (member: unknown): string => typeof member === 'string' ? member : JSON.stringify(member)

/**
 * Returns one field of a value, whether the value's JSON is stored as text or as bytes in UTF-8.
 *
 * @param field a key of the value's object or, if the object has no such key, a JSON pointer (RFC 6901) into the value
 */
export function fieldIn (content: string | Uint8Array, field: string): { text: string } | { mistake: FieldMistake } {
  const parsed = documentIn(content)
  if ('mistake' in parsed) return parsed
  const found = memberIn(parsed.document, field)
  return 'mistake' in found ? found : { text: memberText(found.member) }
}

/** Returns one field of a parsed value. */
function memberIn (document: unknown, field: string): { member: unknown } | { mistake: FieldMistake } {
  if (isJsonObject(document) && Object.hasOwn(document, field)) return { member: document[field] }
  const tokens = pointerTokens(field)
  // A pointer may point into an object or an array. A key can exist only in an object.
  const hasMembers = isJsonObject(document) || (tokens !== undefined && Array.isArray(document))
  if (!hasMembers) return { mistake: 'not-object' }
  const member = tokens?.reduce(memberOf, document)
  return member === undefined ? { mistake: 'missing' } : { member }
}

/**
 * Returns the JSON of a value, or of one of its fields, whether the value is stored as text or as bytes in UTF-8. The JSON of the
 * whole value is its unchanged text. In the JSON of a field, numbers keep their text.
 *
 * @param field as in `fieldIn`; if absent, the whole value
 */
export function jsonIn (content: string | Uint8Array, field?: string): { json: string } | { mistake: FieldMistake } {
  const parsed = documentIn(content)
  if ('mistake' in parsed) return parsed
  if (field === undefined) return { json: parsed.text }
  const found = memberIn(parsed.document, field)
  return 'mistake' in found ? found : { json: JSON.stringify(found.member) }
}

/** Parses a value as a JSON object, whether the value is stored as text or as bytes in UTF-8. */
export function objectIn (
  content: string | Uint8Array
): { object: JsonObject } | { mistake: Exclude<FieldMistake, 'missing'> } {
  const parsed = documentIn(content)
  if ('mistake' in parsed) return parsed
  return isJsonObject(parsed.document) ? { object: parsed.document } : { mistake: 'not-object' }
}

/** Parses a value as JSON. Returns its text, too. */
function documentIn (content: string | Uint8Array): { document: unknown, text: string } | { mistake: 'binary' | 'not-json' } {
  const text = textIn(content)
  if (text === undefined) return { mistake: 'binary' }
  const document = parseLossless(text)
  return document === undefined ? { mistake: 'not-json' } : { document, text }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Returns the content as text, without the byte order mark that some editors add. Returns undefined for bytes that are not UTF-8.
 */
function textIn (content: string | Uint8Array): string | undefined {
  try {
    return (typeof content === 'string' ? content : utf8.decode(content)).replace(/^\uFEFF/, '')
  } catch {
    return undefined
  }
}

/** Returns the member that a pointer's token names, or undefined, which is not a JSON value, if there is none. */
function memberOf (value: unknown, token: string): unknown {
  if (Array.isArray(value)) return /^(?:0|[1-9]\d*)$/.test(token) ? value[Number(token)] : undefined
  return isJsonObject(value) && Object.hasOwn(value, token) ? value[token] : undefined
}
