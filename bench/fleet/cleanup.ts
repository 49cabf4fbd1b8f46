import type { Ending } from '#test/teardown'

/** The end of a program: what has been started is ended in the opposite order. */
export interface Cleanup extends Ending {
  readonly run: () => Promise<void>
}

export function createCleanup (): Cleanup {
  const ends: (() => unknown)[] = []
  return {
    teardown: (end) => ends.push(end),
    async run () {
      for (const end of ends.toReversed()) await end()
    }
  }
}
