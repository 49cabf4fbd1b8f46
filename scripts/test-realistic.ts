/**
 * Runs the gateway's tests on an embedded backend with AWS's delays and failures, once for each seed:
 *
 *     npm run test:realistic -- SEED... [TEST_FILE...]
 *
 * Without files, runs all tests whose backend depends on the seed. Exits with 1 if a test fails. With the same seed and file, a
 * failure happens again, unless it depends on the order of concurrent calls.
 */
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { readTap, type Failure } from '#test/moto/tap-results'
import { hasImport } from './test-imports.ts'

const root = join(import.meta.dirname, '..')
const isFile = (argument: string): boolean => argument.endsWith('.test.ts')
const seeds = process.argv.slice(2).filter((argument) => !isFile(argument))
if (seeds.length === 0) throw new TypeError('Specify a seed: npm run test:realistic -- SEED... [TEST_FILE...]')

/** The modules that define how a backend is started. `test/realistic/build.ts` starts one with its own seed. */
const definitions: ReadonlySet<string> = new Set(['test/helper.ts', 'test/realistic/build.ts'])

const startsBackend = (file: string): boolean => hasImport(file, ({ importer, names, module }) =>
  !definitions.has(importer) && ['test/helper.ts', 'test/backends.ts'].includes(module) && /\b(?:build|startBackend)\b/.test(names))

const given = process.argv.slice(2).filter(isFile)
const files = given.length > 0
  ? given
  : globSync('test/{routes,plugins,contract,src}/**/*.test.ts', { cwd: root }).filter(startsBackend).sort()

/** Runs the files with a seed. Returns the output in TAP. */
async function run (seed: string): Promise<string> {
  const args = [join(root, 'node_modules', '.bin', 'tap'), 'run', '--disable-coverage', '--allow-empty-coverage', '--reporter=tap', ...files]
  const env = { ...process.env, TEST_REALISTIC: seed }
  return new Promise((resolve) => {
    // The exit status is ignored: it is 1 if any test fails, and the output contains the details.
    execFile(process.execPath, args, { cwd: root, env, maxBuffer: Infinity }, (_error, stdout, stderr) => {
      process.stderr.write(stderr)
      resolve(stdout)
    })
  })
}

const describe = ({ file, test, line, message }: Failure): string =>
  `${file}:${line ?? '?'}\n  ${test}\n${message.replaceAll(/^/gm, '    ')}\n`

let failed = false
for (const seed of seeds) {
  const { tests, failures } = readTap(await run(seed))
  const notRun = files.filter((file) => !tests.has(file))
  failed ||= failures.length + notRun.length > 0
  for (const failure of failures) console.log(`seed ${seed}: ${describe(failure)}`)
  for (const file of notRun) console.log(`seed ${seed}: no results: ${file}\n`)
  const total = [...tests.values()].reduce((sum, { size }) => sum + size, 0)
  console.log(`seed ${seed}: ${files.length} files, ${total} tests, ${failures.length} failures`)
}
process.exitCode = failed ? 1 : 0
