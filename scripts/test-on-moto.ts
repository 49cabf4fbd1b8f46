/**
 * Runs the gateway's tests on moto's server instead of the embedded backend:
 *
 *     node scripts/test-on-moto.ts http://127.0.0.1:5000 [TEST_FILE...]
 *
 * Without files, runs the tests of lists and of the operations on one secret. Exits with 1 unless the failures are exactly those
 * that test/moto/differences.ts lists.
 */
import { execFile } from 'node:child_process'
import { glob, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { compare } from '#test/moto/compare'
import { differences } from '#test/moto/differences'
import { readTap } from '#test/moto/tap-results'

const root = join(import.meta.dirname, '..')

const [url, ...files] = process.argv.slice(2)
if (url === undefined) throw new TypeError('Specify moto\'s URL: node scripts/test-on-moto.ts http://127.0.0.1:5000')

/**
 * Moto moves the label AWSCURRENT, but still returns the old version. The gateway considers the reply outdated and reads again
 * for three seconds, so these tests take minutes.
 */
const slow = new Set(differences.filter(({ moto }) => moto.includes('moves the label AWSCURRENT'))
  .flatMap(({ places }) => Object.keys(places)))

const secrets = 'test/routes/environments/_env/secrets'
const candidates = files.length > 0 ? files : [`${secrets}/list.test.ts`]
if (files.length === 0) {
  for await (const file of glob(`${secrets}/_name/**/*.test.ts`, { cwd: root })) if (!slow.has(file)) candidates.push(file)
}

const sources = new Map<string, string>()
for (const file of candidates) {
  const source = await readFile(join(root, file), 'utf8')
  if (/^import \{[^}]*\bbuild\b[^}]*\} from '#test\/helper'$/m.test(source)) sources.set(file, source)
}

const tap = await new Promise<string>((resolve) => {
  const args = [join(root, 'node_modules', '.bin', 'tap'), 'run', '--disable-coverage', '--reporter=tap', ...sources.keys()]
  const env = { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'), TEST_MOTO_URL: url }
  // The exit status is ignored: it is 1 if any test fails, and the output contains the details.
  execFile(process.execPath, args, { cwd: root, env, maxBuffer: Infinity }, (_error, stdout, stderr) => {
    process.stderr.write(stderr)
    resolve(stdout)
  })
})

const results = readTap(tap)
const lineOf = (file: string, line: number): string => sources.get(file)?.split('\n')[line - 1]?.trim() ?? ''
const { tests, passed, different, unexpected, stale: allStale } = compare(results, differences, lineOf)
const stale = allStale.filter(({ file }) => sources.has(file))
const notRun = [...sources.keys()].filter((file) => !results.tests.has(file))

// An assertion that fails repeatedly in a loop is reported once for each test.
const distinct = new Map(unexpected.toReversed().map((failure) => [`${failure.file}:${failure.test}:${failure.line ?? ''}`, failure]))
for (const { file, test, line, message } of [...distinct.values()].toReversed()) {
  console.log(`unexpected failure: ${file}:${line ?? '?'}\n  ${test}\n  ${line === undefined ? '' : lineOf(file, line)}\n${message.replaceAll(/^/gm, '    ')}\n`)
}
for (const { file, test, line } of stale) console.log(`listed as a difference, but did not fail: ${file}\n  ${test}\n  ${line}\n`)
for (const file of notRun) console.log(`no results: ${file}\n`)
console.log(`${tests} tests on moto: ${passed} passed, ${different} failed because of ${differences.length} known differences, ${unexpected.length} failed unexpectedly`)
process.exitCode = unexpected.length + stale.length + notRun.length === 0 ? 0 : 1
