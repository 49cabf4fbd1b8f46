import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sources } from './repository.ts'

/** The part of tap's record of a process that links the process to its test file. */
interface ProcessInfo {
  readonly uuid: string
  /** The UUID of the process that runs the test file. Absent in the record of that process itself. */
  readonly root?: string | null
  readonly argv: readonly string[]
  /** The duration of the process, in milliseconds. Absent if it was killed. */
  readonly runtime?: number
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

type Functions = V8Coverage['result'][number]['functions']

/** The test file's path, relative to the repository's root. */
export interface CoveringTest {
  /** The path, relative to the repository's root. */
  readonly file: string
  /** How long the test ran, in milliseconds. 15 seconds if it has not been measured. */
  readonly runtime: number
  /** The fraction of the source functions executed by the test that are in the file in question. */
  readonly focus: number
}

/** Matches a script that browsers run. The coverage of browsers is not measured. */
const pageScript = /^src\/pages\/([\w-]+)\//

/**
 * Returns true if a test may load a script of the pages. The tests of a page are named after its folder, such as
 * `console-changes.test.ts`. All pages use the scripts in `shared/`.
 */
const mayLoad = (test: string, page: string): boolean => page === 'shared' || basename(test).startsWith(page)

/**
 * Reads the coverage that the last complete `npm test` measured. tap keeps the coverage of each process separately, and records
 * which test file the process belongs to. Returns a function that lists the tests that execute the code at an offset of a file.
 * An unmeasured test at the mirrored path is assumed to execute it. For a script that browsers run, lists all tests that may load
 * the script.
 *
 * @param root the repository's root
 */
export function readCoverage (root: string): (file: string, offset: number) => CoveringTest[] {
  const prefixes = sources.map((folder) => `${pathToFileURL(join(root, folder)).href}/`)
  const isSource = (url: string): boolean => prefixes.some((prefix) => url.startsWith(prefix))
  const infos = readJsonFiles<ProcessInfo>(join(root, '.tap', 'processinfo'))
  const infoOf = new Map(infos.map((info) => [info.uuid, info]))
  const measured = new Map<string, { test: string, functions: Functions }[]>()
  const runtimes = new Map<string, number>()
  const totals = new Map<string, number>()
  for (const { uuid, root: first } of infos) {
    const { argv: [, path = ''] = [], runtime = 0 } = infoOf.get(first ?? uuid) ?? {}
    const test = relative(root, path)
    runtimes.set(test, runtime)
    for (const { url, functions } of coverageOf(join(root, '.tap', 'coverage', `${uuid}.json`))) {
      if (!isSource(url)) continue
      const runs = measured.get(url) ?? []
      measured.set(url, runs)
      runs.push({ test, functions })
      totals.set(test, (totals.get(test) ?? 0) + executedIn(functions))
    }
  }
  return (file, offset) => {
    const page = pageScript.exec(file)?.[1]
    if (page !== undefined) {
      return globSync('test/browser/*.test.ts', { cwd: root }).filter((test) => mayLoad(test, page))
        .map((test) => ({ file: test, runtime: runtimes.get(test) ?? 15_000, focus: 1 }))
    }
    const runs = measured.get(pathToFileURL(join(root, file)).href) ?? []
    const executed = new Map<string, number>()
    for (const { test, functions } of runs) executed.set(test, (executed.get(test) ?? 0) + executedIn(functions))
    const tests = new Set(runs.filter(({ functions }) => isExecuted(functions, offset)).map(({ test }) => test))
    const covering = Array.from(tests, (test) => (
      { file: test, runtime: runtimes.get(test) ?? 0, focus: (executed.get(test) ?? 0) / (totals.get(test) ?? 1) }
    ))
    const mirrored = join('test', file.replace(/\.[jt]s$/, '.test.ts'))
    const isUnmeasured = !runtimes.has(mirrored) && existsSync(join(root, mirrored))
    return isUnmeasured ? [{ file: mirrored, runtime: 15_000, focus: 1 }, ...covering] : covering
  }
}

/** Returns the number of executed functions. The module itself counts as one. */
const executedIn = (functions: Functions): number => functions.filter(({ ranges: [whole] }) => (whole?.count ?? 0) > 0).length

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

/** Reads the JSON files in a folder, if it exists. Skips incomplete files, which a killed process left behind. */
function readJsonFiles<T> (folder: string): T[] {
  return globSync('*.json', { cwd: folder }).flatMap((name) => {
    const text = readFileSync(join(folder, name), 'utf8')
    try {
      return [JSON.parse(text) as T]
    } catch (error) {
      if (error instanceof SyntaxError) return []
      throw error
    }
  })
}

/** Returns a process's coverage, or none if it was killed before it could write any. */
function coverageOf (file: string): V8Coverage['result'] {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as V8Coverage).result
  } catch {
    return []
  }
}
