import type { Config } from './config.ts'

/** The current configuration. A reload replaces it as a whole, or not at all if the new configuration is invalid. */
export interface LiveConfig {
  readonly current: Config
  /**
   * Derives a value from the configuration, and derives it again on each reload.
   *
   * @param build creates the value; if it throws, the new configuration is refused
   * @param retire called with the old and the new value when a reload takes effect
   * @returns a function that returns the value for the current configuration
   */
  derive: <T>(build: (config: Config) => T, retire?: (value: T, next: T) => void) => () => T
  /** Replaces the configuration after rebuilding all derived values. If a `build` function throws, nothing changes. */
  replace: (next: Config) => void
  /** Loads a configuration, and replaces the current one with it. @throws what `load` or a `build` function has thrown */
  reload: (load: () => Config) => void
  /** Returns true if the last reload failed, so that the configuration in use differs from the files. */
  readonly isRefused: () => boolean
}

export function liveConfig (initial: Config): LiveConfig {
  let current = initial
  let isRefused = false
  const prepare = new Set<(next: Config) => () => void>()
  function replace (next: Config): void {
    const commits = Array.from(prepare, (step) => step(next))
    for (const commit of commits) commit()
    current = next
  }

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
    replace,
    reload (load) {
      isRefused = true
      replace(load())
      isRefused = false
    },
    isRefused: () => isRefused
  }
}
