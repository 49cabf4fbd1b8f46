import type { Config } from './config.ts'

/** The configuration in force, which a reload replaces whole or not at all. */
export interface LiveConfig {
  readonly current: Config
  /**
   * Keeps something that is made from the configuration in step with it.
   *
   * @param build makes it; may throw, and the configuration is then refused
   * @param retire is given the one of the configuration that was in force before, and the one that takes its place
   * @returns a function that gives the one of the configuration in force
   */
  derive: <T>(build: (config: Config) => T, retire?: (value: T, next: T) => void) => () => T
  /** Puts a configuration in force, once everything derived from it could be made. */
  replace: (next: Config) => void
}

export function liveConfig (initial: Config): LiveConfig {
  let current = initial
  const prepare = new Set<(next: Config) => () => void>()
  return {
    get current () {
      return current
    },
    derive (build, retire = () => undefined) {
      let value = build(current)
      prepare.add((next) => {
        const nextValue = build(next)
        return () => {
          retire(value, nextValue)
          value = nextValue
        }
      })
      return () => value
    },
    replace (next) {
      const commits = Array.from(prepare, (step) => step(next))
      for (const commit of commits) commit()
      current = next
    }
  }
}
