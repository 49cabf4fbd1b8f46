import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { CoveringTest } from './coverage.ts'
import type { Mutant } from './mutants.ts'

/** The end of a test file. `hung`: it did not end in time, and was stopped. `aborted`: all trials are over. */
interface Run {
  readonly outcome: 'passed' | 'failed' | 'hung' | 'aborted'
  /** The title of the first failed assertion. Absent if none failed. */
  readonly assertion?: string
}

/** The result for a mutant. */
export interface Trial {
  readonly outcome: 'noticed' | 'hung' | 'not noticed' | 'aborted'
  /** The test file that detected the mutant, and its first failed assertion. Absent if no test detected it. */
  readonly test?: string
  readonly assertion?: string
}

type TryOut = (mutant: Mutant, text: string, tests: readonly CoveringTest[], folder: string) => Promise<Trial>

/**
 * Chooses the tests that are the likeliest to detect a mutant: first the tests at the mirrored path, then tests of the same name
 * in other folders, then tests in the mirrored folder, then all others. Within each group, tests that execute little besides the
 * mutated file are preferred, and the fastest of the chosen tests run first.
 *
 * @param most the maximum number of tests
 */
export function chooseTests (tests: readonly CoveringTest[], { file }: Mutant, most: number): CoveringTest[] {
  const mirrored = join('test', file.replace(/\.[jt]s$/, ''))
  const groups = [mirrored, `/${basename(mirrored)}.test.ts`, join(dirname(mirrored), '/'), '']
  const groupOf = ({ file: test }: CoveringTest): number => groups.findIndex((part) => test.includes(part))
  const worth = ({ focus, runtime }: CoveringTest): number => focus / (runtime + 1_000)
  return tests.toSorted((one, other) => groupOf(one) - groupOf(other) || other.focus - one.focus).slice(0, most)
    .sort((one, other) => groupOf(one) - groupOf(other) || worth(other) - worth(one))
}

/**
 * The time after which a test counts as hanging, in milliseconds. A mutant that makes a test hang counts as detected, so the
 * limit is far above the test's usual duration, even on a busy machine.
 */
const timeLimit = ({ runtime }: CoveringTest): number => 20_000 + 4 * runtime

/** Matches a line of TAP that makes a test file fail. The group is the title. */
const failure = /^ *not ok\b(?!.*# (?:TODO|SKIP)\b)[ \d-]*(.*)/i

/**
 * Runs a test file in a folder. Runs it again with three times the limit if it takes too long, because another process may have
 * kept the machine busy.
 */
async function run (folder: string, test: CoveringTest, signal: AbortSignal): Promise<Run> {
  const first = await runFor(timeLimit(test), folder, test, signal)
  return first.outcome === 'hung' ? runFor(3 * timeLimit(test), folder, test, signal) : first
}

/** Runs a test file in a folder. Stops it and all its child processes after `limit` milliseconds, or if the signal is aborted. */
async function runFor (limit: number, folder: string, test: CoveringTest, signal: AbortSignal): Promise<Run> {
  if (signal.aborted) return { outcome: 'aborted' }
  const child = spawn(process.execPath, [test.file], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
    env: {
      ...process.env,
      NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
      NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${pathToFileURL(join(folder, 'scripts', 'test-process.js')).href}`,
      TAP_BAIL: '1',
      TAP_TIMEOUT: String(2 * limit / 1_000)
    }
  })
  const { promise: ended, resolve } = Promise.withResolvers<Run>()
  child.once('exit', (status) => { resolve({ outcome: status === 0 ? 'passed' : 'failed' }) })
  // A failed test may leave servers open, and then never exits.
  createInterface(child.stdout).on('line', (line) => {
    const assertion = failure.exec(line)?.[1]
    if (assertion !== undefined) resolve({ outcome: 'failed', assertion })
  })
  const over = new AbortController()
  const tooLate = wait(limit, undefined, { signal: AbortSignal.any([signal, over.signal]) })
    .then((): Run => ({ outcome: 'hung' }), (): Run => ({ outcome: 'aborted' }))
  const ending = await Promise.race([ended, tooLate])
  over.abort()
  try {
    process.kill(-(child.pid ?? 0), 'SIGKILL')
  } catch {
    // There is nothing to stop: all processes of the group have ended.
  }
  return ending
}

/**
 * Returns a function that tries out a mutant in a copy of the repository, with one test after another, until a test detects it. A
 * test that also fails without the mutant proves nothing and is ignored.
 *
 * @param signal aborts the trials
 */
export function trials (signal: AbortSignal): TryOut {
  const originals = new Map<string, Promise<Run>>()
  const runWithOriginal = (folder: string, test: CoveringTest): Promise<Run> => {
    const original = originals.get(test.file) ?? run(folder, test, signal)
    originals.set(test.file, original)
    return original
  }
  return async ({ file, start, end, replacement }, text, tests, folder) => {
    if (signal.aborted) return { outcome: 'aborted' }
    try {
      for (const test of tests) {
        writeFileSync(join(folder, file), text.slice(0, start) + replacement + text.slice(end))
        const { outcome, ...failed } = await run(folder, test, signal)
        if (outcome === 'aborted') return { outcome }
        if (outcome === 'passed') continue
        writeFileSync(join(folder, file), text)
        const original = await runWithOriginal(folder, test)
        if (original.outcome === 'aborted') return { outcome: 'aborted' }
        if (original.outcome === 'passed') return { outcome: outcome === 'hung' ? 'hung' : 'noticed', test: test.file, ...failed }
        console.log(`${test.file} fails with the original source and is ignored`)
      }
      return { outcome: 'not noticed' }
    } finally {
      writeFileSync(join(folder, file), text)
    }
  }
}
