/** The methods of a `Map` or a cache that `getOrCreate` uses. */
interface Entries<Key, Value> {
  get: (key: Key) => Value | undefined
  set: (key: Key, value: Value) => unknown
}

/** Returns the value of a key. If the key has no value, creates and stores one first. Node 24 lacks `Map#getOrInsertComputed`. */
export function getOrCreate<Key, Value> (entries: Entries<Key, Value>, key: Key, create: () => Value): Value {
  const existing = entries.get(key)
  if (existing !== undefined) return existing
  const created = create()
  entries.set(key, created)
  return created
}
