import type { Monotonic } from '#src/clock'
import { Problem } from '#src/problems/problem'

/**
 * What a write changes about a secret, and a read shows. `label` is followed by a staging label, whose value is the ID of the
 * version that has it; `tag` by a tag's key; `replica` by a region. The value of `version`, which is followed by a version's ID,
 * only tells that the version has been written.
 */
export type Aspect =
  'state' | 'description' | 'kmsKey' | 'policy' | 'rotation' | 'primaryRegion' | `${'label' | 'tag' | 'replica' | 'version'} ${string}`

/** The value of an aspect if it can't be known, such as the version that a rotation will make current. */
export const unknown = Symbol('unknown')

/**
 * The values that a write gives to aspects of a secret; undefined if the secret no longer has the label, the tag or the like. The
 * value of `state` is `present`, `deleted` (it can still be restored) or `gone`.
 */
export type Effect = Partial<Readonly<Record<Aspect, string | undefined | typeof unknown>>>

/** What this process knows about one aspect of a secret because it has changed it a moment ago. */
export interface Fact {
  value: string | undefined
  /** When the reply to the write arrived, in milliseconds by the process's monotonic clock. */
  at: number
  /** When the reply arrived, in milliseconds since the epoch. */
  date: number
}

export type Facts = ReadonlyMap<Aspect, Fact>

/** The secrets that this process has recently changed. */
export interface RecentWrites {
  /**
   * Carries out a write, and remembers its effect. Nothing is known about the secret after a failure if AWS may nevertheless have
   * carried the write out. If writes overlap and give different values to an aspect, that aspect is not known, because they may
   * have taken effect in another order than that of their replies.
   *
   * @param effect returns the effect of a write that has succeeded. `before` is what was known until then.
   */
  during: <Result>(
    key: string, carryOut: () => Promise<Result>, effect: (result: Result, before: Facts) => Effect
  ) => Promise<Result>
  /** Returns what is known about a secret from the writes of the last `within` milliseconds. */
  find: (key: string, within: number) => Facts
  /** Returns what `find` does, by the rest of the key, for each secret that was written in that time and has this prefix. */
  findAll: (prefix: string, within: number) => ReadonlyMap<string, Facts>
}

/** The maximum number of secrets. The oldest writes are forgotten first. */
const maximum = 10_000

/** How long a fact is kept, in milliseconds. */
const kept = 300_000

interface Entry extends Omit<Fact, 'value'> {
  value: string | undefined | typeof unknown
  /** The number of this event: all beginnings and ends of writes are numbered in their order. */
  end: number
}

interface Memory {
  entries: Map<Aspect, Entry>
  /** When the last write ended, in milliseconds by the process's monotonic clock. */
  at: number
  /** The number of the event since which nothing is known about earlier writes. */
  uncertain: number
}

const nothing: Facts = new Map()

const isKnown = (entry: [Aspect, Entry]): entry is [Aspect, Entry & Fact] => entry[1].value !== unknown

/** Creates an empty memory. */
export function createRecentWrites (monotonic: Monotonic, now: () => number): RecentWrites {
  const secrets = new Map<string, Memory>()
  let events = 0

  function find (key: string, within: number): Facts {
    const memory = secrets.get(key)
    if (memory === undefined) return nothing
    const since = monotonic() - within
    return new Map([...memory.entries].filter(isKnown).filter(([, { at }]) => at > since))
  }

  function remember (key: string, effect: Effect, began: number): void {
    const { entries, uncertain } = secrets.get(key) ?? { entries: new Map<Aspect, Entry>(), uncertain: 0 }
    const after = new Map(effect.state === 'gone' ? [] : [...entries].filter(([, { at }]) => monotonic() - at < kept))
    for (const [aspect, value] of Object.entries(effect) as [Aspect, Entry['value']][]) {
      const before = entries.get(aspect)
      const isOrdered = began > uncertain && (before === undefined || began > before.end || before.value === value)
      after.set(aspect, { value: isOrdered ? value : unknown, end: ++events, at: monotonic(), date: now() })
    }
    replace(key, { entries: after, uncertain })
  }

  /** Makes this secret the one that was written last. */
  function replace (key: string, memory: Omit<Memory, 'at'>): void {
    secrets.delete(key)
    secrets.set(key, { ...memory, at: monotonic() })
    const [oldest] = secrets.keys()
    if (secrets.size > maximum && oldest !== undefined) secrets.delete(oldest)
  }

  return {
    find,
    findAll (prefix, within) {
      const since = monotonic() - within
      return new Map([...secrets].filter(([key, { at }]) => at > since && key.startsWith(prefix))
        .map(([key]) => [key.slice(prefix.length), find(key, within)]))
    },
    async during (key, write, effect) {
      const began = ++events
      try {
        const result = await write()
        remember(key, effect(result, find(key, kept)), began)
        return result
      } catch (error) {
        if (mayBeDone(error)) replace(key, { entries: new Map(), uncertain: ++events })
        throw error
      }
    }
  }
}

/** Returns false if AWS has refused the write, or never received it. */
const mayBeDone = (error: unknown): boolean => !(error instanceof Problem) ||
  error.options.failure?.effect === 'unknown' || error.options.earlierAttempt !== undefined
