import { createHash } from 'node:crypto'
import { chances, delays, type Delay } from './table.ts'

/** Random decisions that can be repeated: with the same seed, the same calls in the same order return the same results. */
export interface SeededRandom {
  /** Returns true with the probability that the table gives for the event. */
  happens: (event: keyof typeof chances) => boolean
  /** Returns a random delay, distributed as the table specifies, in milliseconds. */
  delay: (name: keyof typeof delays) => number
  /** Returns an integer from 0 to `count` - 1. Each `purpose` has its own sequence. */
  below: (count: number, purpose: string) => number
}

/**
 * Creates the random decisions for a seed. Each row of the table has its own sequence of random numbers, so a change in one part
 * of the backend doesn't affect the others.
 */
export function createSeededRandom (seed: string): SeededRandom {
  const drawn = new Map<string, number>()
  const next = (name: string): number => {
    const count = drawn.get(name) ?? 0
    drawn.set(name, count + 1)
    return createHash('sha256').update(JSON.stringify([seed, name, count])).digest().readUInt32BE() / 2 ** 32
  }
  return {
    happens: (event) => next(event) < chances[event].chance,
    delay: (name) => delayAt(delays[name].delay, next(name)),
    below: (count, purpose) => Math.floor(count * next(purpose))
  }
}

/** Returns the delay at a quantile from 0 to 1, in whole milliseconds. */
function delayAt ({ shortest, usual, longest, tail }: Delay, quantile: number): number {
  const body = 1 - tail
  if (quantile < body) return Math.round(shortest + (usual - shortest) * quantile / body)
  return Math.round(usual + (longest - usual) * (quantile - body) / tail)
}
