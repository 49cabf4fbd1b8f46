import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..', '..')

/** Code that reads the wall clock or passes it on. By convention, a function or parameter that does so is called `now`. */
const wall = /\bDate\.now\b|\bnew Date\(\)|(?<!new )\bDate\(\)|(?<!performance)\.now\b|(?<!\.)\bnow(?:\(|\??:)/

/** A file's own name for a monotonic clock. */
const ownMonotonic = /\bnow = \(\): number => performance\.now\(\)/

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '')

function readsWallClock (text: string): boolean {
  const code = withoutComments(text)
  return !ownMonotonic.test(code) && wall.test(code)
}

/** The rows of the table in docs/code-map.md, each with its clock and its files. */
const rows = readFileSync(join(root, 'docs', 'code-map.md'), 'utf8').split('\n').flatMap((line) => {
  const [, , clock = '', files = ''] = line.split('|').map((cell) => cell.trim())
  return clock === 'wall' || clock === 'monotonic' ? [{ clock, files: Array.from(files.matchAll(/`([^`]+)`/g), ([, file = '']) => file) }] : []
})

const filesOf = (wanted: string): string[] => rows.filter(({ clock }) => clock === wanted).flatMap(({ files }) => files)

const sources = ['src', 'plugins', 'routes', 'rotators'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map(({ parentPath, name }) => relative(root, join(parentPath, name))))

t.test('only code that needs a date reads the wall clock', async (t) => {
  const allowed = filesOf('wall')
  const covers = (entry: string, file: string): boolean => entry.endsWith('/') ? file.startsWith(entry) : file === entry
  const found = sources.filter((file) => readsWallClock(readFileSync(join(root, file), 'utf8')))
  t.same(found.filter((file) => !allowed.some((entry) => covers(entry, file))), [],
    'a span is measured by src/clock.ts; for a date, add the file to the table in docs/code-map.md')
  t.same(allowed.filter((entry) => !found.some((file) => covers(entry, file))), [], 'the table has no other files')
  t.same(filesOf('monotonic').filter((file) => !existsSync(join(root, file))), [])
  t.same(filesOf('monotonic').filter((file) => !/monotonic|performance\.now/.test(readFileSync(join(root, file), 'utf8'))), [])
})

t.test('each way to read the wall clock is detected', async (t) => {
  for (const code of [
    'const end = Date.now() + 5', 'const f = Date.now', 'new Date()', 'Date()', 'fastify.now()', 'since: now()', 'options.now', '(now: () => number)'
  ]) t.ok(readsWallClock(code), code)
  for (const code of ['performance.now()', 'new Date(time)', '// Date.now()', '/* now() */', 'const now = (): number => performance.now()', 'now.versions']) {
    t.notOk(readsWallClock(code), code)
  }
})
