/** The part of a `Map` or of a cache that `getOrCreate` needs. */
interface Entries<Key, Value> {
  get: (key: Key) => Value | undefined
  set: (key: Key, value: Value) => unknown
}

/** Returns the value of a key, after creating it if it is missing. Node 24 lacks `Map#getOrInsertComputed`. */
export function getOrCreate<Key, Value> (entries: Entries<Key, Value>, key: Key, create: () => Value): Value {
  const existing = entries.get(key)
  if (existing !== undefined) return existing
  const created = create()
  entries.set(key, created)
  return created
}
