/** Returns a sequence of numbers between 0 and 1 that depends only on the seed (mulberry32). */
export function randomNumbers (seed: number): () => number {
  let state = seed
  return () => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }
}

/** Returns some of the elements, drawn at random without replacement. */
export function draw<T> (elements: readonly T[], count: number, random: () => number): T[] {
  const rest = [...elements]
  const drawn: T[] = []
  while (drawn.length < count && rest.length > 0) drawn.push(...rest.splice(Math.floor(random() * rest.length), 1))
  return drawn
}
