/** The part of a `Map` or of a cache that `getOrCreate` needs. */
interface Entries<Key, Value> {
  get: (key: Key) => Value | undefined
  set: (key: Key, value: Value) => unknown
}

/** Returns the value of a key, and creates and stores it first if there is none. (`Map#getOrInsertComputed` is not in Node 24.) */
export function getOrCreate<Key, Value extends {}> (entries: Entries<Key, Value>, key: Key, create: () => Value): Value {
  const existing = entries.get(key)
  if (existing !== undefined) return existing
  const created = create()
  entries.set(key, created)
  return created
}
