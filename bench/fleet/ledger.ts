/** A record of all writes, against which every read value is checked. Each secret has one writer at a time. */
export interface Ledger {
  readonly names: readonly string[]
  /** Begins to write the next value of a secret. */
  readonly begin: (name: string) => { readonly value: string, readonly acknowledged: () => void }
  /**
   * Describes the mistake in a read value. Returns undefined if the value is right.
   *
   * @param began when the read began, on the monotonic clock
   */
  readonly mistake: (name: string, value: string, began: number) => string | undefined
  /** Describes the mistake in a value that AWS itself returns after the last write. Returns undefined if the value is right. */
  readonly finalMistake: (name: string, value: string) => string | undefined
  readonly acknowledged: () => number
}

interface Written {
  /** The number of the last write that was begun. */
  begun: number
  /** The writes that were acknowledged, with the times, in ascending order. */
  readonly acknowledged: { readonly number: number, readonly at: number }[]
}

/** Creates an empty ledger. @param staleness how long, in milliseconds, a read may still return a replaced value */
export function createLedger (names: readonly string[], staleness: number): Ledger {
  const secrets = new Map<string, Written>(names.map((name) => [name, { begun: 0, acknowledged: [] }]))
  const find = (name: string): Written => {
    const found = secrets.get(name)
    if (found === undefined) throw new Error(`${name} is not in the ledger`)
    return found
  }

  function between (name: string, value: string, oldest: number): string | undefined {
    const [of, number] = value.split('#')
    if (of !== name) return `${name} has the value of another secret: ${value}`
    const { begun } = find(name)
    if (!(Number(number) >= 1 && Number(number) <= begun)) return `${name} has a value that was never written: ${value}`
    return Number(number) < oldest ? `${name} has the value ${value}, but number ${oldest} was acknowledged` : undefined
  }

  return {
    names,
    begin (name) {
      const secret = find(name)
      const number = ++secret.begun
      return {
        value: `${name}#${number}`,
        acknowledged () { secret.acknowledged.push({ number, at: performance.now() }) }
      }
    },
    mistake (name, value, began) {
      return between(name, value, find(name).acknowledged.findLast(({ at }) => at <= began - staleness)?.number ?? 0)
    },
    finalMistake: (name, value) => between(name, value, find(name).acknowledged.at(-1)?.number ?? 0),
    acknowledged: () => [...secrets.values()].reduce((sum, { acknowledged }) => sum + acknowledged.length, 0)
  }
}
