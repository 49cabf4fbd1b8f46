import type { Config } from './config.ts'
import { loadConfig } from './load.ts'
import { stateOf, recordStates } from './file-states.ts'

/** A configuration file, with all files that it names. */
export interface ConfigSource {
  /** Loads the configuration. @throws ConfigError if it is invalid */
  load: () => Config
  /** Returns true if a file has changed since the last attempt to load the configuration. */
  hasChanged: () => boolean
}

/**
 * Returns the source of a configuration in a YAML file.
 *
 * Changes are found by checking the files, not by events of the operating system. Kubernetes replaces a mounted ConfigMap by
 * moving a symbolic link, which causes no event for the files behind it.
 */
export function configSource (file: string): ConfigSource {
  let states = new Map<string, string>()
  return {
    load () {
      const next = new Map<string, string>()
      try {
        return recordStates(next, () => loadConfig(file))
      } catch (error) {
        // The load failed before it read the other files. A change of any of them may fix the error.
        for (const path of states.keys()) if (!next.has(path)) next.set(path, stateOf(path))
        throw error
      } finally {
        states = next
      }
    },
    hasChanged: () => Array.from(states).some(([path, state]) => stateOf(path) !== state)
  }
}
