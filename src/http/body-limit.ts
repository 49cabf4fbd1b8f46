/** The parts of a JSON schema that limit the length of a body. */
export interface LimitedSchema {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly maxLength?: number
  readonly properties?: Readonly<Record<string, LimitedSchema>>
  readonly additionalProperties?: boolean | LimitedSchema
  readonly propertyNames?: LimitedSchema
  readonly maxProperties?: number
  readonly items?: LimitedSchema
  readonly maxItems?: number
  readonly anyOf?: readonly LimitedSchema[]
}

/** The maximum length of a body, in bytes, unless its schema implies a lower limit. */
export const defaultBodyLimit = 1024 * 1024

/**
 * The maximum length, in bytes, of one character in JSON. A schema counts each character as 1. In JSON, a character outside of
 * Unicode's first plane may be written as two escape sequences of six bytes each.
 */
const characterBytes = 12

/** The bytes that are allowed around each value: a comma or a colon, line breaks and indentation. */
const spaceBytes = 64

/** The maximum length in bytes of a number, `true`, `false` or `null`. JSON allows longer numbers, but none occur in practice. */
const scalarBytes = 32

/** The maximum length in bytes of a body that is read only to determine whether it is empty. */
const emptyBody = 1024

/**
 * Every route accepts a body of this length, in bytes. So the reply to a short invalid body lists its mistakes, instead of only
 * stating that it is too long.
 */
const shortBody = 16 * 1024

/**
 * Returns the maximum length in bytes of a route's body: the length of the longest text that matches the schema, but no less than
 * `shortBody` and no more than `defaultBodyLimit`.
 *
 * @param schema undefined if the route takes no body
 */
export const bodyLimitOf = (schema: LimitedSchema | undefined): number =>
  schema === undefined ? emptyBody : Math.min(defaultBodyLimit, Math.max(shortBody, Math.ceil(longestJson(schema) / 1024) * 1024))

/** Returns the length in bytes of the longest JSON that matches a schema. It is infinite if the schema does not limit it. */
function longestJson (schema: LimitedSchema): number {
  const { type = '', anyOf } = schema
  if (anyOf !== undefined) return largest(anyOf.map(longestJson))
  return spaceBytes + (lengths[type]?.(schema) ?? Infinity)
}

const lengths: Readonly<Partial<Record<string, (schema: LimitedSchema) => number>>> = {
  string: ({ enum: values, maxLength = Infinity }) =>
    stringLength(values === undefined ? maxLength : largest(values.map(({ length }) => length))),
  array: ({ items, maxItems = Infinity }) => maxItems * (items === undefined ? Infinity : longestJson(items)),
  object: objectLength,
  boolean: () => scalarBytes,
  integer: () => scalarBytes,
  number: () => scalarBytes
}

const stringLength = (characters: number): number => 2 + characters * characterBytes

const largest = (numbers: readonly number[]): number => numbers.reduce((one, other) => Math.max(one, other), 0)

function objectLength (schema: LimitedSchema): number {
  const { properties = {}, additionalProperties = true, propertyNames, maxProperties = Infinity } = schema
  const known = Object.entries(properties).map(([name, member]) => stringLength(name.length) + longestJson(member))
  const sum = known.reduce((one, other) => one + other, 0)
  if (additionalProperties === false) return sum
  const name = stringLength(propertyNames?.maxLength ?? Infinity)
  const member = additionalProperties === true ? Infinity : longestJson(additionalProperties)
  return sum + maxProperties * (name + member)
}
