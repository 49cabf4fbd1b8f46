/**
 * Runs the tests of the gateway on moto's server instead of the embedded backend:
 *
 *     node scripts/test-on-moto.ts http://127.0.0.1:5000
 *
 * They are those that `build` a gateway, but for what is left out below; behind the address, files of tests can be named, to run
 * only these. What fails must be in test/moto/differences.ts, and what is there must fail, or it exits with 1.
 */
import { execFile } from 'node:child_process'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { compare } from '#test/moto/compare'
import { differences } from '#test/moto/differences'
import { readTap } from '#test/moto/tap-results'

const root = join(import.meta.dirname, '..')

const [url, ...files] = process.argv.slice(2)
if (url === undefined) throw new TypeError('Say where moto listens: node scripts/test-on-moto.ts http://127.0.0.1:5000')

/** Each of its lines is about all commands, and could not tell what moto does otherwise; other tests run the same in process. */
const leftOut = new Set(['test/src/cli/commands-as-processes.test.ts'])

const sources = new Map<string, string>()
for await (const file of glob('test/{contract,plugins,routes,src}/**/*.test.ts', { cwd: root })) {
  if (leftOut.has(file) || (files.length > 0 && !files.includes(file))) continue
  const source = await readFile(join(root, file), 'utf8')
  if (/^import \{[^}]*\bbuild\b[^}]*\} from '[./]+\/helper\.ts'$/m.test(source)) sources.set(file, source)
}

const tap = await new Promise<string>((resolve) => {
  const args = [join(root, 'node_modules', '.bin', 'tap'), 'run', '--disable-coverage', '--reporter=tap', ...sources.keys()]
  const env = { ...process.env, TEST_MOTO_URL: url }
  // It ends with 1 where a test failed, of which its output tells more.
  execFile(process.execPath, args, { cwd: root, env, maxBuffer: Infinity }, (_error, stdout, stderr) => {
    process.stderr.write(stderr)
    resolve(stdout)
  })
})

const results = readTap(tap)
const lineOf = (file: string, line: number): string => sources.get(file)?.split('\n')[line - 1]?.trim() ?? ''
const { tests, passed, different, unexpected, stale: notFailed } = compare(results, differences, lineOf)
const stale = notFailed.filter(({ file }) => sources.has(file))
const notRun = [...sources.keys()].filter((file) => !results.tests.has(file))

// What fails in a loop is told once.
const distinct = new Map(unexpected.toReversed().map((failure) => [`${failure.file}:${failure.line ?? failure.test}`, failure]))
for (const { file, test, line, message } of [...distinct.values()].toReversed()) {
  console.log(`failed, and is not in the table: ${file}:${line ?? '?'}\n  ${test}\n  ${line === undefined ? '' : lineOf(file, line)}\n${message.replaceAll(/^/gm, '    ')}\n`)
}
for (const { file, test, line } of stale) console.log(`is in the table, and did not fail: ${file}\n  ${test}\n  ${line}\n`)
for (const file of notRun) console.log(`told nothing: ${file}\n`)
console.log(`${tests} tests on moto: ${passed} passed, ${different} fail for one of ${differences.length} known differences, ${unexpected.length} unexpected failures`)
process.exitCode = unexpected.length + stale.length + notRun.length === 0 ? 0 : 1
