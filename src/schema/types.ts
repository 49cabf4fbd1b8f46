import { Type, type SchemaOptions, type TString, type TUnsafe } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { shapes, type StringShape } from '#src/aws-model/shapes'

/** What TypeBox lacks, in one place. */

/** A string that is one of these; shorter in the document than a union of literals. */
export const Enum = <const T extends readonly string[]>(values: T, options: SchemaOptions = {}): TUnsafe<T[number]> =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options })

/** An object that takes no other members: an unknown one is refused, never dropped. */
export const closed = { additionalProperties: false } as const

type StringShapeName = { [K in keyof typeof shapes]: (typeof shapes)[K] extends { type: 'string' } ? K : never }[keyof typeof shapes]

/** A string with the lengths and the pattern that AWS's model gives the shape. */
export function AwsString (name: StringShapeName, options: SchemaOptions = {}): TString {
  const { min, max, pattern }: StringShape = shapes[name]
  return Type.String({
    ...(min !== undefined && { minLength: min }),
    ...(max !== undefined && { maxLength: max }),
    // AWS escapes characters that need none, which ECMAScript's Unicode mode (and so JSON Schema) refuses.
    ...(pattern !== undefined && { pattern: pattern.replace(/\\([!=])/g, '$1') }),
    ...options
  })
}

/** A problem in a reply that is none: the document has its schema once. */
export const ProblemRef = Type.Unsafe<Record<string, unknown>>({ $ref: 'Problem#' })

/** The ID of a credential, an API key, a group. */
export const idPattern = '^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$'

export const Id = (options: SchemaOptions = {}): TString => Type.String({ pattern: idPattern, ...options })

/** Tags as an object, keys and values of AWS's lengths. `Type.Record` would hold only the values to theirs. */
export const TagMap = (options: SchemaOptions = {}): TUnsafe<Record<string, string>> => Type.Unsafe<Record<string, string>>({
  type: 'object',
  propertyNames: AwsString('TagKeyType'),
  additionalProperties: AwsString('TagValueType'),
  maxProperties: limits.tagsPerSecret,
  ...options
})
