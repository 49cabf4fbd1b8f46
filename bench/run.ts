/**
 * Runs the contests, and writes their results and the conditions to docs/performance.md:
 *
 *     npm run build
 *     npm run bench -- [ROUNDS]
 *
 * Nothing else should use the machine in the meantime. With the default of nine rounds, it takes about ten minutes.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { arch, cpus, loadavg, tmpdir, totalmem, type } from 'node:os'
import { join } from 'node:path'

const contests = ['floor.ts', 'reads.ts', 'calls.ts', 'start.ts'] as const

const page = join(import.meta.dirname, '..', 'docs', 'performance.md')

/** The lines between which this script replaces the text. The rest of the page is handwritten. */
const marks = { begin: '<!-- npm run bench writes from here -->\n', end: '<!-- to here -->' } as const

/** Runs a contest in its own process. @throws Error if it fails */
async function run (contest: string, rounds: string, report: string): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, contest), rounds], {
    stdio: 'inherit', env: { ...process.env, BENCH_REPORT: report }
  })
  const [status] = await once(child, 'exit') as [number | null]
  if (status !== 0) throw new Error(`${contest} has failed`)
}

function conditions (rounds: string, load: string): string {
  const [cpu] = cpus()
  return [
    `${new Date().toISOString().slice(0, 10)}, Node.js ${process.version}, ${type()} ${arch()}, ${cpus().length} cores of ${cpu?.model.trim()},`,
    `${Math.round(totalmem() / 2 ** 30)} GiB, load ${load} at the start, ${rounds} rounds. Each number is the median of the rounds, with the first and`,
    'third quartile. The ratio is that of the requests per second to those of the first row.'
  ].join('\n')
}

const [, , rounds = '9'] = process.argv
const [load = NaN] = loadavg()
const folder = await mkdtemp(join(tmpdir(), 'bench-'))
const report = join(folder, 'report.md')
for (const contest of contests) await run(contest, rounds, report)
const [before = ''] = (await readFile(page, 'utf8')).split(marks.begin)
const [, after = ''] = (await readFile(page, 'utf8')).split(marks.end)
await writeFile(page, `${before}${marks.begin}\n${conditions(rounds, load.toFixed(1))}\n\n${await readFile(report, 'utf8')}${marks.end}${after}`)
await rm(folder, { recursive: true })
