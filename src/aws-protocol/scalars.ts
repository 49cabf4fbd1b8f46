import { errors } from './errors.ts'

/** A value of a scalar type in AWS's model, converted from JSON. */
export type Scalar = string | number | boolean | Uint8Array

/**
 * The functions that convert JSON values to the scalar types of AWS's model.
 *
 * @throws AwsError `SerializationException` if the value has another type
 */
export const scalars = {
  string: readString,
  blob: readBlob,
  integer: readInteger,
  long: readInteger,
  boolean: readBoolean
} as const satisfies Record<string, (value: unknown) => Scalar>

/** Returns the error for a value of the wrong type, in AWS's wording. */
export function cannotConvert (value: unknown, to: string): Error {
  if (Array.isArray(value)) return errors.serialization('Start of list found where not expected')
  if (typeof value === 'object') return errors.serialization('Start of structure or map found where not expected.')
  const kind = typeof value === 'boolean' ? String(value) : typeof value
  return errors.serialization(`${kind.toUpperCase()}_VALUE can not be converted to ${to}`)
}

function readString (value: unknown): string {
  if (typeof value !== 'string') throw cannotConvert(value, 'a String')
  // A lone surrogate has no UTF-8 form, so the string could not be stored unchanged.
  if (!value.isWellFormed()) throw errors.serialization('A string is not valid Unicode text')
  return value
}

function readBlob (value: unknown): Uint8Array {
  const text = readString(value)
  const bytes = Buffer.from(text, 'base64')
  // Node skips characters that aren't base64. AWS rejects a value that contains such characters.
  if (bytes.toString('base64') !== text) throw errors.serialization('A blob is not valid base64')
  return bytes
}

function readInteger (value: unknown): number {
  if (typeof value !== 'number') throw cannotConvert(value, 'a Long')
  if (!Number.isSafeInteger(value)) throw errors.serialization('A number is not an integer')
  return value
}

function readBoolean (value: unknown): boolean {
  if (typeof value !== 'boolean') throw cannotConvert(value, 'a Boolean')
  return value
}
