/**
 * Runs tap with this script's arguments. As the first argument, `--unit` stands for all unit tests:
 *
 *     npm test                      # every test, and the coverage gate of .taprc
 *     npm test -- FILE…             # the tests in these files
 *     npm run test:unit             # the tests that start no process and open no socket
 *
 * The coverage gate requires that every line of the source is covered. Only the complete test suite achieves that. If only some
 * tests run, coverage is not measured. Node's compile cache can then be used, so test files start faster. With that cache, V8
 * would measure the coverage less precisely, so the processes of the complete suite only share the source without its types.
 */
import { spawn } from 'node:child_process'
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { hasImport } from './test-imports.ts'

const root = join(import.meta.dirname, '..')

/** The modules that can start a process or open a socket. A test that imports one of them is not a unit test. */
const startsSomething = /^(?:fastify|node:(?:child_process|http|net|tls)|#src\/(?:app|server|start|local-backend\/server))$/

/** Returns true if a test file can't start a process or open a socket, not even through the modules that it imports. */
const isUnitTest = (file: string): boolean => !hasImport(file, ({ module }) => startsSomething.test(module))

const [first, ...rest] = process.argv.slice(2)
const args = first === '--unit'
  ? [...rest, ...globSync('test/**/*.test.ts', { cwd: root }).filter(isUnitTest)]
  : process.argv.slice(2)
const isPart = args.some((arg) => !arg.startsWith('-') && (arg.includes('*') || existsSync(arg)))

/** Strips the types from all TypeScript files. Writes the resulting JavaScript to a folder, from which Node.js runs it. */
function stripTypes (folder: string): void {
  for (const file of globSync('{plugins,rotators,routes,scripts,src,test}/**/*.ts', { cwd: root })) {
    const source = join(root, file)
    const stripped = join(folder, file)
    mkdirSync(dirname(stripped), { recursive: true })
    writeFileSync(stripped, stripTypeScriptTypes(readFileSync(source, 'utf8'), { sourceUrl: pathToFileURL(source).href }))
  }
}

const folder = mkdtempSync(join(tmpdir(), 'stripped-types-'))
if (!isPart) stripTypes(folder)
const preload = pathToFileURL(join(root, 'scripts', 'test-process.js'))
preload.searchParams.set('stripped', pathToFileURL(`${folder}/`).href)

const child = spawn(process.execPath, [
  join(root, 'node_modules', '.bin', 'tap'), ...isPart ? ['--disable-coverage', '--allow-empty-coverage'] : [], ...args
], {
  stdio: 'inherit',
  env: {
    ...process.env,
    ...isPart
      ? { NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), 'node-compile-cache') }
      : {
          TEST_FOLDER: folder,
          NODE_DISABLE_COMPILE_CACHE: '1',
          NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${preload.href}`
        }
  }
})
// On Ctrl-C, the terminal also sends the signal to tap, which then reports the results so far. This process must exit after tap.
process.on('SIGINT', () => undefined)
child.once('exit', (status, signal) => {
  rmSync(folder, { recursive: true })
  if (signal !== null) process.kill(process.pid, signal)
  process.exitCode = status ?? 1
})
