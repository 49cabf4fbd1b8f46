/**
 * Measures how many small mistakes the tests detect. Makes one change to the source at a time (a mutant), such as another
 * operator, a removed call or a regular expression without its anchor, and runs the tests that execute the changed code. Prints
 * every mutant that no test detects, and exits with 1 if there are too many.
 *
 *     npm test && npm run mutate                                 # a sample of the whole source
 *     npm run mutate -- --sample 50 --seed 7 --since HEAD~5      # a sample of the lines that changed since a commit
 *     npm run mutate -- src/audit plugins/audit.ts               # all mutants of some files or folders
 *     npm run mutate -- src/audit/end.ts:42                      # all mutants of a line
 *     npm run mutate -- --tests 200 --least 90                   # runs up to 200 test files per mutant (default: 12)
 *     npm run mutate -- --seconds 120                            # stops after this time or on Ctrl-C, and reports
 *     npm run mutate -- --sample 20 --least 80 --surely          # fails only if the result can't be due to chance
 *     npm run mutate -- --results mutants.jsonl --jobs 1         # tries one mutant at a time, and continues an earlier run
 *
 * The file of results has a line for each mutant that was tried. A mutant is not tried again until its source file changes. To
 * retry the mutants that no test detected, delete their lines.
 *
 * The tests to run are chosen by the coverage of the last complete `npm test`. `npm test -- FILE` deletes this coverage, but
 * `node FILE` does not. Without coverage, only the tests at the mirrored paths are run, such as test/src/audit/end.test.ts. Each
 * worker has a copy of the repository, so the working tree does not change.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readCoverage } from './mutation/coverage.ts'
import { mutantsOf } from './mutation/mutants.ts'
import { changedSince, copyRepository, sourceFiles } from './mutation/repository.ts'
import { openResults } from './mutation/results.ts'
import { draw, randomNumbers } from './mutation/sample.ts'
import { chooseTests, trials } from './mutation/trial.ts'
import { confidenceInterval, isCertainlyBelow } from './mutation/verdict.ts'

const root = join(import.meta.dirname, '..')

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    since: { type: 'string' },
    tests: { type: 'string', default: '12' },
    seconds: { type: 'string' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    results: { type: 'string' },
    least: { type: 'string', default: '95' },
    surely: { type: 'boolean', default: false }
  }
})

/** Returns a piece of source on one line, as a string literal, shortened if necessary. */
function shown (source: string): string {
  const text = source.replaceAll(/\s+/g, ' ')
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)} …` : text)
}

/** Returns the number of the line that contains an offset, counted from 1. */
const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

const places = positionals.map((positional) => /^(?<path>.*?)(?::(?<line>\d+))?$/.exec(positional)?.groups ?? {})
const texts = new Map(sourceFiles(root, places.map(({ path = '' }) => path))
  .map((file) => [file, readFileSync(join(root, file), 'utf8')]))
const isChanged = options.since === undefined ? () => true : changedSince(root, options.since)

/** Returns true if the arguments name the line, or the whole file. */
function isNamed (file: string, line: number): boolean {
  const lines = places.filter(({ path }) => path === file).map(({ line }) => line)
  return lines.length === 0 || lines.some((named) => named === undefined || Number(named) === line)
}

const candidates = Array.from(texts, ([file, text]) => mutantsOf(file, text).filter(({ start }) => {
  const line = lineOf(text, start)
  return isNamed(file, line) && isChanged(file, line)
})).flat()
const sampled = options.sample ?? (positionals.length > 0 ? undefined : '300')
const mutants = sampled === undefined ? candidates : draw(candidates, Number(sampled), randomNumbers(Number(options.seed)))
console.log(`${mutants.length} of ${candidates.length} mutants, seed ${options.seed}`)

if (!existsSync(join(root, '.tap', 'coverage'))) console.log('There is no coverage, so only tests at mirrored paths are run.')
const testsAt = readCoverage(root)
const started = Date.now()
const over = new AbortController()
const timer = options.seconds === undefined ? undefined : setTimeout(() => { over.abort() }, 1_000 * Number(options.seconds))
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => { over.abort() })
const tryOut = trials(over.signal)
const results = openResults(options.results)
const counts = { noticed: 0, hung: 0, 'not noticed': 0, aborted: 0 }
const waiting = mutants.entries()
await Promise.all(Array.from({ length: Number(options.jobs) }, async () => {
  const folder = copyRepository(root)
  try {
    for (const [index, mutant] of waiting) {
      const { file, start, end, replacement } = mutant
      const text = texts.get(file) ?? ''
      const earlier = results.find(mutant, text)
      if (earlier !== undefined) {
        counts[earlier.outcome] += 1
        continue
      }
      const tests = chooseTests(testsAt(file, start), mutant, Number(options.tests))
      const trial = await tryOut(mutant, text, tests, folder)
      counts[trial.outcome] += 1
      if (trial.outcome === 'aborted') continue
      const title = `${file}:${lineOf(text, start)}  ${shown(text.slice(start, end))} => ${shown(replacement)}`
      results.add(mutant, text, title, trial)
      const { outcome, test = `none of ${tests.length} tests`, assertion = '' } = trial
      console.log(`${index + 1}/${mutants.length} ${outcome.toUpperCase()} ${title} by ${test} ${assertion}`.trimEnd())
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}))
clearTimeout(timer)

const noticed = counts.noticed + counts.hung
const tried = noticed + counts['not noticed']
const percentage = tried === 0 ? 100 : 100 * noticed / tried
console.log(`${noticed} of ${tried} mutants noticed (${percentage.toFixed(1)} %), ${counts.hung} of them because a test hung`)
if (tried > 0) {
  const [low, high] = confidenceInterval({ noticed, tried }).map((part) => (100 * part).toFixed(1))
  console.log(`in the whole source, between ${low} and ${high} % (with 95 % confidence, if the mutants are a sample of it)`)
}
console.log(`${Math.round((Date.now() - started) / 1_000)} s, ${counts.aborted} mutants left out for lack of time`)
const least = Number(options.least)
if (options.surely ? isCertainlyBelow(least / 100, { noticed, tried }) : percentage < least) process.exitCode = 1
