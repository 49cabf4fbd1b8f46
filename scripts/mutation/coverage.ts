import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** The members of tap's record of a process that tell which test file the process belongs to. */
interface ProcessInfo {
  readonly uuid: string
  /** The UUID of the process that runs the test file. Absent in the record of that process itself. */
  readonly root?: string | null
  readonly argv: readonly string[]
}

/** Coverage as V8 reports it. The ranges of a function are nested, and an inner range takes precedence over an outer one. */
interface V8Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly {
      readonly ranges: readonly { readonly startOffset: number, readonly endOffset: number, readonly count: number }[]
    }[]
  }[]
}

/** The source files that each test file executes. */
export interface Coverage {
  /** Returns the test files that execute the code at an offset of a source file. */
  testsAt: (file: string, offset: number) => ReadonlySet<string>
  /** Returns the number of source files that a test file executes. */
  filesOf: (test: string) => number
}

type Functions = V8Coverage['result'][number]['functions']

/**
 * Reads the coverage that the last complete `npm test` measured. tap keeps the coverage of each process separately, and records
 * which test file the process belongs to.
 *
 * @param root the repository's root
 */
export function readCoverage (root: string): Coverage {
  const infos = readJsonFiles<ProcessInfo>(join(root, '.tap', 'processinfo'))
  const testOf = new Map(infos.map(({ uuid, argv }) => [uuid, argv[1] ?? '']))
  const measured = new Map<string, { test: string, functions: Functions }[]>()
  for (const { uuid, root: first } of infos) {
    const test = testOf.get(first ?? uuid) ?? ''
    for (const { url, functions } of coverageOf(join(root, '.tap', 'coverage', `${uuid}.json`))) {
      const known = measured.get(url)
      if (known === undefined) measured.set(url, [{ test, functions }])
      else known.push({ test, functions })
    }
  }
  const tests = Array.from(measured.values(), (runs) => [...new Set(runs.map(({ test }) => test))]).flat()
  const files = new Map(Array.from(Map.groupBy(tests, (test) => test), ([test, { length }]) => [test, length] as const))
  return {
    testsAt: (file, offset) => {
      const known = measured.get(pathToFileURL(join(root, file)).href) ?? []
      return new Set(known.filter(({ functions }) => isExecuted(functions, offset)).map(({ test }) => test))
    },
    filesOf: (test) => files.get(test) ?? 0
  }
}

/** Returns true if the innermost range that contains the offset was executed. */
function isExecuted (functions: Functions, offset: number): boolean {
  let [size, executed] = [Infinity, false]
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) {
      if (startOffset > offset || offset >= endOffset || endOffset - startOffset > size) continue
      size = endOffset - startOffset
      executed = count > 0
    }
  }
  return executed
}

function readJsonFiles<T> (folder: string): T[] {
  return readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as T)
}

/** Returns a process's coverage, or none if it was killed before it could write any. */
function coverageOf (file: string): V8Coverage['result'] {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as V8Coverage).result
  } catch {
    return []
  }
}
