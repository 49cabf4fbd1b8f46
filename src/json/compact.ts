type OptionalKeys<T> = { [K in keyof T]-?: undefined extends T[K] ? K : never }[keyof T]

/** The type `T`, but with optional members in place of those that may be undefined. */
export type Compact<T> =
  { [K in Exclude<keyof T, OptionalKeys<T>>]: T[K] } &
  { [K in OptionalKeys<T>]?: Exclude<T[K], undefined> }

/** Returns the object without its undefined members. (`exactOptionalPropertyTypes` distinguishes undefined from absent.) */
export const compact = <T extends object>(object: T): Compact<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Compact<T>
