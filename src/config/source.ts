import type { Config } from './config.ts'
import { loadConfig } from './load.ts'
import { markOf, recordMarks } from './marks.ts'

/** A configuration file, with all files that it names. */
export interface ConfigSource {
  /** Loads the configuration. @throws ConfigError if it is invalid */
  load: () => Config
  /** Returns true if a file has changed since the last attempt to load the configuration. */
  hasChanged: () => boolean
}

/**
 * Returns a source that loads a YAML file each time anew.
 *
 * Changes are found by looking at the files rather than by waiting for the operating system's events. Kubernetes replaces a
 * mounted ConfigMap by moving a symbolic link, and the files behind it get no event.
 */
export function configSource (file: string): ConfigSource {
  let marks = new Map<string, string>()
  return {
    load () {
      const next = new Map<string, string>()
      try {
        return recordMarks(next, () => loadConfig(file))
      } catch (error) {
        // The rest of the files was not read. A change of any of them may put the error right.
        for (const path of marks.keys()) if (!next.has(path)) next.set(path, markOf(path))
        throw error
      } finally {
        marks = next
      }
    },
    hasChanged: () => Array.from(marks).some(([path, mark]) => markOf(path) !== mark)
  }
}
