import type { Monotonic } from '#src/clock'
import { Problem } from '#src/problems/problem'

/**
 * A property of a secret that a write can change and a read can show. `rotatedVersion` is the version that a rotation has begun
 * to create. `label NAME` is the ID of the version with that staging label, `tag KEY` is the tag's value, and `replica REGION` is
 * the state of the replica there: `begun`, or `failed` if AWS's reply to the write says so. `version ID` exists once the version
 * has been written.
 */
export type Aspect =
  | 'state' | 'description' | 'kmsKey' | 'policy' | 'rotation' | 'rotatedVersion' | 'primaryRegion'
  | `${'label' | 'tag' | 'replica' | 'version'} ${string}`

/** Marks an aspect whose value can't be known, such as the version that a rotation will make current. */
export const unknown = Symbol('unknown')

/**
 * The aspects that a write changes, and their new values. An aspect that the write removes, such as a tag, is undefined. The
 * value of `state` is `present`, `deleted` (the secret can still be restored) or `gone`.
 */
export type Effect = Partial<Readonly<Record<Aspect, string | undefined | typeof unknown>>>

/** Returns the effect of a write. `done` is absent if AWS may or may not have carried the write out. */
export type EffectOf<Result> = (done: { result: Result } | undefined, before: Facts) => Effect

/** The value that this process has recently given to an aspect of a secret. */
export interface Fact {
  /**
   * The possible values. There are several after concurrent writes of different values, because AWS may have applied them in any
   * order, and after a write that AWS may or may not have carried out.
   */
  values: readonly (string | undefined)[]
  /** The time at which the reply to the last write arrived, in milliseconds on the monotonic clock. */
  at: number
  /** The time at which the reply arrived, in milliseconds since the epoch. */
  date: number
}

/** The known aspects of a secret, with their facts. */
export type Facts = ReadonlyMap<Aspect, Fact>

/** The secrets that this process has recently changed. */
export interface RecentWrites {
  /**
   * Carries out a write, and remembers its effect. If the write fails but AWS may have carried it out, each changed aspect may
   * have its new value or an earlier one.
   *
   * @param effect returns the effect of the write, which has succeeded if `done` is given. `before` contains the facts from
   *   before the write.
   */
  during: <Result>(key: string, carryOut: () => Promise<Result>, effect: EffectOf<Result>) => Promise<Result>
  /**
   * Returns the facts about a secret from the writes of the last `within` milliseconds.
   *
   * @param asked the time, on the monotonic clock, from which `within` is counted back. Defaults to the current time. To compare
   * a reply with the facts, pass the time of the request, because the reply can be slow.
   */
  find: (key: string, within: number, asked?: number) => Facts
  /** Returns the facts about all secrets whose keys begin with a prefix, keyed by the rest of the key. */
  findAll: (prefix: string, within: number) => ReadonlyMap<string, Facts>
  monotonic: Monotonic
}

/** The maximum number of secrets. The oldest writes are forgotten first. */
const maximum = 10_000

/** The time for which a fact is kept, in milliseconds. */
const kept = 300_000

/** A possible current value of an aspect, with the sequence number at which its write ended. */
interface Candidate {
  value: string | undefined | typeof unknown
  /** The starts and ends of all writes share one sequence of positive numbers. */
  end: number
}

/** The value of an aspect before any write of this process. */
const initial: Candidate = { value: unknown, end: 0 }

interface Entry extends Omit<Fact, 'values'> {
  /** The values that may be current, because no later write is known to have replaced them. */
  candidates: readonly Candidate[]
}

interface Memory {
  entries: Map<Aspect, Entry>
  /** The time at which the last write ended, in milliseconds on the monotonic clock. */
  at: number
}

const nothing: Facts = new Map()

/** Returns a list with the fact about an aspect, or an empty list if the aspect's value is unknown. */
function factFrom ([aspect, { candidates, at, date }]: [Aspect, Entry]): [Aspect, Fact][] {
  const values = [...new Set(candidates.map(({ value }) => value))]
  return values.every((value) => value !== unknown) ? [[aspect, { values, at, date }]] : []
}

/** Creates the memory of recent writes. At first, it is empty. */
export function createRecentWrites (monotonic: Monotonic, now: () => number): RecentWrites {
  const secrets = new Map<string, Memory>()
  let events = 0

  function find (key: string, within: number, asked = monotonic()): Facts {
    const memory = secrets.get(key)
    if (memory === undefined) return nothing
    const since = asked - within
    return new Map([...memory.entries].filter(([, { at }]) => at > since).flatMap(factFrom))
  }

  function remember (key: string, effect: Effect, began: number): void {
    const entries = entriesOf(key)
    const after = new Map(effect.state === 'gone' ? [] : entries)
    for (const [aspect, value] of aspectsOf(effect)) {
      const overlapping = entries.get(aspect)?.candidates.filter(({ end }) => end > began) ?? []
      after.set(aspect, { candidates: [...overlapping, { value, end: ++events }], at: monotonic(), date: now() })
    }
    replace(key, after)
  }

  /** Remembers the effect of a write that AWS may have carried out. The facts from before the write keep their times. */
  function rememberUncertain (key: string, effect: Effect): void {
    const entries = entriesOf(key)
    for (const [aspect, value] of aspectsOf(effect)) {
      const { candidates, ...times } = entries.get(aspect) ?? { candidates: [initial], at: monotonic(), date: now() }
      entries.set(aspect, { candidates: [...candidates, { value, end: ++events }], ...times })
    }
    replace(key, entries)
  }

  const entriesOf = (key: string): Map<Aspect, Entry> =>
    new Map([...secrets.get(key)?.entries ?? []].filter(([, { at }]) => monotonic() - at < kept))

  /** Replaces the facts about a secret. It becomes the latest written secret, and the oldest one may be forgotten. */
  function replace (key: string, entries: Memory['entries']): void {
    secrets.delete(key)
    secrets.set(key, { entries, at: monotonic() })
    const [oldest] = secrets.keys()
    if (secrets.size > maximum && oldest !== undefined) secrets.delete(oldest)
  }

  return {
    monotonic,
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
        remember(key, effect({ result }, find(key, kept)), began)
        return result
      } catch (error) {
        if (mayBeDone(error)) rememberUncertain(key, effect(undefined, find(key, kept)))
        throw error
      }
    }
  }
}

const aspectsOf = (effect: Effect): [Aspect, Candidate['value']][] => Object.entries(effect) as [Aspect, Candidate['value']][]

/** Returns false if AWS has refused the write, or never received it. */
const mayBeDone = (error: unknown): boolean => !(error instanceof Problem) ||
  error.options.failure?.effect === 'unknown' || error.options.earlierAttempt !== undefined
