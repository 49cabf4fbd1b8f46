import { Type, type SchemaOptions, type TString, type TUnsafe } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { shapes, type StringShape } from '#src/aws-model/shapes'

/** Schema types that TypeBox does not provide. */

/**
 * Returns the schema of a string with a fixed set of values. Uses JSON Schema's `enum`, which is shorter in the OpenAPI document
 * than TypeBox's union of literals.
 */
export const Enum = <const T extends readonly string[]>(values: T, options: SchemaOptions = {}): TUnsafe<T[number]> =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })

/** Options for the schema of an object without additional members. A request with an unknown member is rejected. */
export const closed = { additionalProperties: false } as const

type StringShapeName = { [K in keyof typeof shapes]: (typeof shapes)[K] extends { type: 'string' } ? K : never }[keyof typeof shapes]

/** Returns a string schema with the lengths and the pattern of a shape in AWS's model. */
export function AwsString (name: StringShapeName, options: SchemaOptions = {}): TString {
  const { min, max, pattern }: StringShape = shapes[name]
  return Type.String({
    ...(min !== undefined && { minLength: min }),
    ...(max !== undefined && { maxLength: max }),
    // AWS's patterns contain unnecessary escapes. These are errors in ECMAScript's Unicode mode, which JSON Schema uses.
    ...(pattern !== undefined && { pattern: pattern.replace(/\\([!=])/g, '$1') }),
    ...options
  })
}

/** A reference to the `Problem` schema, so that the OpenAPI document defines it only once. */
export const ProblemRef = Type.Unsafe<Record<string, unknown>>({ $ref: 'Problem#' })

/** The pattern of an ID of a credential, an API key or a group. */
export const idPattern = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'

export const Id = (options: SchemaOptions = {}): TString => Type.String({ pattern: idPattern, ...options })

/**
 * Returns the schema of an object that maps tag keys to values, with AWS's limits. `Type.Record` can't limit the length of keys.
 */
export const TagMap = (options: SchemaOptions = {}): TUnsafe<Record<string, string>> => Type.Unsafe<Record<string, string>>({
  type: 'object',
  propertyNames: AwsString('TagKeyType'),
  additionalProperties: AwsString('TagValueType'),
  maxProperties: limits.tagsPerSecret,
  ...options
})
