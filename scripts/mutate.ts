/**
 * Measures how many small mistakes the tests notice. Makes one change to the source at a time (a mutant), such as another
 * operator, a removed call or a regular expression without its anchor, and runs the tests that execute the changed code. Prints
 * every mutant that no test notices, and exits with 1 if there are too many.
 *
 *     npm test && npm run mutate                                 # a sample of the whole source
 *     npm run mutate -- --sample 50 --seed 7 --since HEAD~5      # a sample of the lines that changed since a commit
 *     npm run mutate -- src/audit plugins/audit.ts               # all mutants of some files or folders
 *     npm run mutate -- --tests 200 --least 90                   # runs up to 200 test files per mutant (default: 12)
 *
 * The coverage of the last complete `npm test` tells which tests to run. Each worker has a copy of the repository, so the working
 * tree stays as it is.
 */
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { readCoverage } from './mutation/coverage.ts'
import { mutantsOf, type Mutant } from './mutation/mutants.ts'

const root = join(import.meta.dirname, '..')

/** A test file that runs for this many seconds is stopped, because the mutant made it hang. The mutant then counts as noticed. */
const hangs = 300

const { values: options, positionals: paths } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    since: { type: 'string' },
    tests: { type: 'string', default: '12' },
    least: { type: 'string', default: '95' }
  }
})

const git = (...args: readonly string[]): string => execFileSync('git', args, { cwd: root, encoding: 'utf8' })

/** Returns the source files to mutate: those that the arguments name, or all of them. */
const sourceFiles = (): string[] => git('ls-files', '--', ...paths.length > 0 ? paths : ['src', 'plugins', 'routes'])
  .split('\n').filter((file) => file.endsWith('.ts') && !/client\/(?:schema|replies)\.ts$/.test(file))

/** Returns a function that checks whether a line of a file has changed since the commit. Line numbers start at 1. */
function changedSince (commit: string): (file: string, line: number) => boolean {
  const changed = new Map<string, Set<number>>()
  let lines = new Set<number>()
  for (const line of git('diff', '--unified=0', '--no-color', commit, '--', 'src', 'plugins', 'routes').split('\n')) {
    const file = /^\+\+\+ b\/(.*)$/.exec(line)?.[1]
    if (file !== undefined) changed.set(file, lines = new Set())
    const [, first, count = '1'] = /^@@ -\S+ \+(\d+)(?:,(\d+))? @@/.exec(line) ?? []
    for (let offset = 0; first !== undefined && offset < Number(count); offset++) lines.add(Number(first) + offset)
  }
  return (file, line) => changed.get(file)?.has(line) ?? false
}

/** Returns the number of the line that contains an offset. The first line has number 1. */
const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

/** Returns a sequence of numbers between 0 and 1 that depends only on the seed (mulberry32). */
function randomNumbers (seed: number): () => number {
  let state = seed
  return () => {
    state = state + 0x6d2b79f5 | 0
    let mixed = Math.imul(state ^ state >>> 15, 1 | state)
    mixed = mixed + Math.imul(mixed ^ mixed >>> 7, 61 | mixed) ^ mixed
    return ((mixed ^ mixed >>> 14) >>> 0) / 2 ** 32
  }
}

/** Returns some of the elements, drawn at random without replacement. */
function draw<T> (elements: readonly T[], count: number, random: () => number): T[] {
  const rest = [...elements]
  const drawn: T[] = []
  while (drawn.length < count && rest.length > 0) drawn.push(...rest.splice(Math.floor(random() * rest.length), 1))
  return drawn
}

const texts = new Map(sourceFiles().map((file) => [file, readFileSync(join(root, file), 'utf8')]))
const isWanted = options.since === undefined ? () => true : changedSince(options.since)
const coverage = readCoverage(root)

/**
 * Returns test files that execute a mutant's code. The likeliest to fail come first: those at the mirrored path, then those in
 * the mirrored folder, then all others. Within these groups, those that execute the fewest source files come first. Over a
 * hundred test files may execute the same code, so only the first ones are returned (see `--tests`).
 */
function testsFor ({ file, start }: Mutant): string[] {
  const mirrored = join('test', file.replace(/\.ts$/, ''))
  const distance = (test: string): number => test.startsWith(mirrored) ? 0 : test.startsWith(join('test', file, '..')) ? 1 : 2
  return Array.from(coverage.testsAt(file, start), (test) => ({ test: relative(root, test), files: coverage.filesOf(test) }))
    .sort((one, other) => distance(one.test) - distance(other.test) || one.files - other.files)
    .slice(0, Number(options.tests)).map(({ test }) => test)
}

/** Copies the repository's files, including uncommitted changes, to a temporary folder. */
function copyRepository (): string {
  const folder = mkdtempSync(join(tmpdir(), 'mutation-'))
  for (const file of git('ls-files', '--cached', '--others', '--exclude-standard').split('\n')) {
    if (file !== '') cpSync(join(root, file), join(folder, file))
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  return folder
}

/** Runs a test file. Resolves to true if it passes. If it hangs, it is stopped, with all the processes that it started. */
async function passes (folder: string, test: string): Promise<boolean> {
  const child = spawn(process.execPath, [test], { cwd: folder, stdio: 'ignore', detached: true, env: { ...process.env, TAP_BAIL: '1', TAP_TIMEOUT: String(hangs) } })
  const stop = (): void => {
    try {
      process.kill(-(child.pid ?? 0), 'SIGKILL')
    } catch {
      // There is nothing to stop: all processes of the group have ended.
    }
  }
  const timer = setTimeout(stop, hangs * 1_000)
  const { promise, resolve } = Promise.withResolvers<boolean>()
  child.once('exit', (status) => { resolve(status === 0) })
  const passed = await promise
  clearTimeout(timer)
  stop()
  return passed
}

const originals = new Map<string, Promise<boolean>>()

/** Returns true if a test file passes with the original source. Otherwise, its failures with a mutant prove nothing. */
function passesWithOriginal (folder: string, test: string): Promise<boolean> {
  const known = originals.get(test)
  if (known !== undefined) return known
  const original = passes(folder, test)
  originals.set(test, original)
  void original.then((passed) => { if (!passed) console.log(`${test} fails with the original source and is ignored`) })
  return original
}

/** Returns the test that notices the mutant, or undefined if none does. */
async function noticedBy (mutant: Mutant, folder: string): Promise<string | undefined> {
  const { file, start, end, replacement } = mutant
  const text = texts.get(file) ?? ''
  const mutated = text.slice(0, start) + replacement + text.slice(end)
  try {
    for (const test of testsFor(mutant)) {
      writeFileSync(join(folder, file), mutated)
      if (await passes(folder, test)) continue
      writeFileSync(join(folder, file), text)
      if (await passesWithOriginal(folder, test)) return test
    }
    return undefined
  } finally {
    writeFileSync(join(folder, file), text)
  }
}

const candidates = Array.from(texts, ([file, text]) =>
  mutantsOf(file, text).filter(({ start }) => isWanted(file, lineOf(text, start)))).flat()
const sampled = options.sample ?? (paths.length > 0 ? undefined : '300')
const mutants = sampled === undefined ? candidates : draw(candidates, Number(sampled), randomNumbers(Number(options.seed)))
console.log(`${mutants.length} of ${candidates.length} mutants`)

const waiting = mutants.entries()
let noticed = 0
await Promise.all(Array.from({ length: availableParallelism() }, async () => {
  const folder = copyRepository()
  for (const [index, mutant] of waiting) {
    const { file, start, end, replacement } = mutant
    const text = texts.get(file) ?? ''
    const title = `${file}:${lineOf(text, start)}  ${JSON.stringify(text.slice(start, end))} => ${JSON.stringify(replacement)}`
    const test = await noticedBy(mutant, folder)
    if (test !== undefined) noticed += 1
    console.log(`${index + 1}/${mutants.length} ${test === undefined ? 'NOT NOTICED' : 'noticed'} ${title}${test === undefined ? '' : ` by ${test}`}`)
  }
  rmSync(folder, { recursive: true })
}))

const percentage = mutants.length === 0 ? 100 : 100 * noticed / mutants.length
console.log(`${noticed} of ${mutants.length} mutants noticed (${percentage.toFixed(1)} %)`)
if (percentage < Number(options.least)) process.exitCode = 1
