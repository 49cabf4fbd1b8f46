import type { Ending } from '#test/teardown'

/** The cleanup at the end of a program. It runs in the reverse order of registration. */
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
