/** Something that takes a while to get, and lasts for a while. */
export interface RefreshingCache<Value> {
  /** The value, or a new one where it ends; rejects with what `get` rejected with. */
  current: () => Promise<Value>
  /** Forgets a value that turned out to be no good, unless it is new: the next call gets another. */
  drop: () => void
}

export interface RefreshingCacheOptions<Value> {
  get: () => Promise<Value>
  /** When a value ends, in milliseconds since the epoch; never, where undefined. */
  endOf: (value: Value) => Date | undefined
  /** The clock: milliseconds since the epoch. */
  now: () => number
}

/** Milliseconds before its end from which a value is replaced, while it still serves. */
const early = 5 * 60_000

/** Milliseconds before its end from which a value no longer serves: what it is used for takes a while, too. */
const late = 30_000

/** Milliseconds between two tries; for as long a failure is told again, and a new value is neither replaced nor dropped. */
const pause = 5_000

/**
 * Keeps one value. It is got once at a time, however many wait for it; it is replaced before it ends, while callers still have
 * the old one; and where that fails, the old one serves on, and the source is left alone for a moment.
 */
export function refreshingCache<Value> ({ get, endOf, now }: RefreshingCacheOptions<Value>): RefreshingCache<Value> {
  let held: { value: Value, got: number, end: number } | undefined
  let failed: { error: unknown, at: number } | undefined
  let pending: Promise<Value> | undefined

  async function replace (): Promise<Value> {
    try {
      const value = await get()
      held = { value, got: now(), end: endOf(value)?.getTime() ?? Infinity }
      failed = undefined
      return value
    } catch (error) {
      failed = { error, at: now() }
      throw error
    }
  }

  async function replaceOnce (): Promise<Value> {
    pending ??= replace().finally(() => { pending = undefined })
    return pending
  }

  return {
    async current () {
      const time = now()
      const mayTry = time >= (failed?.at ?? -Infinity) + pause
      if (held !== undefined && time < held.end - late) {
        const { value, got, end } = held
        // Nobody waits for it; who needs the next value is told if it fails then.
        if (mayTry && time >= end - early && time >= got + pause) replaceOnce().catch(() => undefined)
        return value
      }
      if (failed !== undefined && !mayTry) throw failed.error
      return replaceOnce()
    },
    drop () {
      if (held !== undefined && now() >= held.got + pause) held = undefined
    }
  }
}
