/**
 * Measures how long an installed `secretsctl` takes, from the creation of the process to its end, beside an empty program of
 * Node.js and `npx`. They take turns.
 *
 *     node bench/secretsctl.ts [ROUNDS]
 *
 * Packs the project, installs the package in an empty folder, which needs npm's registry, and starts a gateway in local mode.
 * The CPU time, which includes all threads, depends less than the elapsed time on what else runs on the machine.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { spread } from './statistics.ts'

const root = join(import.meta.dirname, '..')
const token = 'token-of-the-bench'

const contenders: Readonly<Record<string, readonly [program: string, ...args: string[]]>> = {
  'node -e 0': [process.execPath, '-e', '0'],
  'secretsctl --version': ['secretsctl', '--version'],
  'secretsctl --help': ['secretsctl', '--help'],
  'secretsctl list': ['secretsctl', 'list', '--env', 'dev'],
  'npx secretsctl --version': ['npx', 'secretsctl', '--version']
}

/** Installs the package as its users do. Returns the environment variables with which its commands are found. */
function installIn (folder: string): NodeJS.ProcessEnv {
  const npm = (cwd: string, ...args: string[]): void => { execFileSync('npm', args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] }) }
  npm(root, 'pack', '--pack-destination', folder)
  npm(folder, 'init', '--yes')
  npm(folder, 'install', '--no-audit', ...globSync(join(folder, '*.tgz')))
  const path = [join(folder, 'node_modules', '.bin'), dirname(process.execPath), process.env.PATH]
  return { ...process.env, PATH: path.join(delimiter) }
}

/** Starts a gateway in local mode in its own process. Returns its URL, and a function that ends it. */
async function startGateway (folder: string): Promise<{ url: string, stop: () => void }> {
  const child = spawn(process.execPath, [join(root, 'src', 'server.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, GATEWAY_LOCAL: '1', GATEWAY_DATA_DIR: join(folder, 'data'), GATEWAY_DEV_TOKEN: token, PORT: '0' }
  })
  const url = await new Promise<string>((resolve, reject) => {
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      const [found] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? []
      if (found !== undefined) resolve(found)
    })
    child.once('exit', () => { reject(new Error('The gateway has ended')) })
  })
  return { url, stop: () => { child.kill() } }
}

/** What a program takes, in milliseconds. */
interface Measured {
  elapsed: number
  cpu: number
}

/** Returns the CPU time of all child processes that have ended, in milliseconds. Linux counts it in hundredths of a second. */
function cpuTimeOfChildren (): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[13]) + Number(fields[14])) * 10
}

/** @throws Error if the program fails */
function measure ([program, ...args]: readonly [string, ...string[]], cwd: string, env: NodeJS.ProcessEnv): Measured {
  const [began, before] = [performance.now(), cpuTimeOfChildren()]
  const { status, error, stderr } = spawnSync(program, args, { cwd, env })
  const [elapsed, cpu] = [performance.now() - began, cpuTimeOfChildren() - before]
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} failed: ${error?.message ?? String(stderr)}`)
  return { elapsed, cpu }
}

/** Formats the mean, because the CPU time of a single round is too coarse. */
const mean = (numbers: readonly number[]): string => (numbers.reduce((sum, each) => sum + each, 0) / numbers.length).toFixed(0)

/** Measures the contenders in turn. The first round, in which the operating system reads the files, is not counted. */
function measureAll (rounds: number, cwd: string, env: NodeJS.ProcessEnv): Map<string, Measured[]> {
  const measured = new Map(Object.keys(contenders).map((title): [string, Measured[]] => [title, []]))
  for (let round = -1; round < rounds; round++) {
    for (const [title, command] of Object.entries(contenders)) {
      const took = measure(command, cwd, env)
      if (round >= 0) measured.get(title)?.push(took)
    }
  }
  return measured
}

async function main (rounds: number, folder: string): Promise<void> {
  const installed = installIn(folder)
  const { url, stop } = await startGateway(folder)
  try {
    const measured = measureAll(rounds, folder, { ...installed, SECRETS_GATEWAY_URL: url, SECRETS_GATEWAY_TOKEN: token })
    const rows = Array.from(measured, ([title, times]) =>
      `| \`${title}\` | ${spread(times.map(({ elapsed }) => elapsed))} | ${mean(times.map(({ cpu }) => cpu))} |`)
    console.log(['| | elapsed, ms | CPU time, ms |', '| --- | ---: | ---: |', ...rows].join('\n'))
  } finally {
    stop()
  }
}

const [, , rounds = '10'] = process.argv
const folder = mkdtempSync(join(tmpdir(), 'bench-secretsctl-'))
try {
  await main(Number(rounds), folder)
} finally {
  rmSync(folder, { recursive: true })
}
