import { Type, type SchemaOptions, type TString, type TUnsafe } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { shapes, type StringShape } from '#src/aws-model/shapes'

/** Schema types that TypeBox does not provide. */

/**
 * A string with a fixed set of values, written as a JSON Schema `enum`, which is shorter in the document than a union of
 * literals.
 */
export const Enum = <const T extends readonly string[]>(values: T, options: SchemaOptions = {}): TUnsafe<T[number]> =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })

/** An object without additional members. A request with an unknown member is rejected instead of the member being dropped. */
export const closed = { additionalProperties: false } as const

type StringShapeName = { [K in keyof typeof shapes]: (typeof shapes)[K] extends { type: 'string' } ? K : never }[keyof typeof shapes]

/** Returns a string schema with the lengths and the pattern of a shape in AWS's model. */
export function AwsString (name: StringShapeName, options: SchemaOptions = {}): TString {
  const { min, max, pattern }: StringShape = shapes[name]
  return Type.String({
    ...(min !== undefined && { minLength: min }),
    ...(max !== undefined && { maxLength: max }),
    // AWS's patterns escape characters without need, which is an error in ECMAScript's Unicode mode and thus in JSON Schema.
    ...(pattern !== undefined && { pattern: pattern.replace(/\\([!=])/g, '$1') }),
    ...options
  })
}

/** A reference to the schema of a problem, for replies that contain problems. The document thus defines that schema only once. */
export const ProblemRef = Type.Unsafe<Record<string, unknown>>({ $ref: 'Problem#' })

/** The pattern of an ID of a credential, an API key or a group. */
export const idPattern = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'

export const Id = (options: SchemaOptions = {}): TString => Type.String({ pattern: idPattern, ...options })

/** Tags as an object, with AWS's limits on keys and values. `Type.Record` would constrain only the values by length. */
export const TagMap = (options: SchemaOptions = {}): TUnsafe<Record<string, string>> => Type.Unsafe<Record<string, string>>({
  type: 'object',
  propertyNames: AwsString('TagKeyType'),
  additionalProperties: AwsString('TagValueType'),
  maxProperties: limits.tagsPerSecret,
  ...options
})
