type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T]

/** The type `T`, but with optional members instead of members that may be undefined. */
export type Compact<T> =
  { [K in Exclude<keyof T, OptionalKeys<T>>]: T[K] } &
  { [K in OptionalKeys<T>]?: Exclude<T[K], undefined> }

/**
 * Returns a copy of the object without undefined members. With TypeScript's `exactOptionalPropertyTypes`, an optional member must
 * not be undefined.
 */
export function compact<T extends object> (object: T): Compact<T> {
  const defined: Partial<T> = {}
  for (const name in object) {
    if (object[name] !== undefined) defined[name] = object[name]
  }
  return defined as Compact<T>
}
