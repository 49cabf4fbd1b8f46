/** The JSON types of a value and of its members. Replies are checked with this part of a JSON Schema. */
export interface Shape {
  /** The name of a shape in `shapes`, which replaces this one. */
  readonly ref?: string
  /** The JSON type. Absent if any type is accepted. */
  readonly type?: 'string' | 'number' | 'boolean' | 'array' | 'object'
  /** The members of an object. It may have further members, because a newer gateway may send them. */
  readonly properties?: Readonly<Record<string, Shape>>
  readonly required?: readonly string[]
  /** The members of an object that `properties` does not name. */
  readonly additionalProperties?: Shape
  readonly items?: Shape
}

/** Returns the type of a JSON value. */
const typeOf = (value: unknown): string => Array.isArray(value) ? 'array' : value === null ? 'null' : typeof value

/**
 * Returns a JSON pointer to the first member of a JSON value that is missing or does not have the type that its shape requires.
 * Returns undefined if the value matches.
 *
 * @param shapes the shapes that `ref` refers to
 */
export function mismatchIn (shapes: Readonly<Record<string, Shape>>, shape: Shape, value: unknown, pointer = ''): string | undefined {
  const { type, properties = {}, required = [], additionalProperties, items } = shapes[shape.ref ?? ''] ?? shape
  if (type !== undefined && typeOf(value) !== type) return pointer
  const at = (name: string | number): string => `${pointer}/${name}`
  if (Array.isArray(value)) {
    return items && firstOf(value, (item: unknown, index) => mismatchIn(shapes, items, item, at(index)))
  }
  const members = type === 'object' ? Object.entries(Object(value) as object) : []
  const missing = required.find((name) => !Object.hasOwn(Object(value) as object, name))
  if (missing !== undefined) return at(missing)
  return firstOf(members, ([name, member]) => {
    const expected = Object.hasOwn(properties, name) ? properties[name] : additionalProperties
    return expected && mismatchIn(shapes, expected, member, at(name))
  })
}

/** Returns the first result that is not undefined. */
function firstOf<T> (list: readonly T[], of: (item: T, index: number) => string | undefined): string | undefined {
  for (const [index, item] of list.entries()) {
    const result = of(item, index)
    if (result !== undefined) return result
  }
  return undefined
}
