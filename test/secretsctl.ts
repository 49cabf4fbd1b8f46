import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { run } from '#src/cli/program'
import { tokens, type Gateway } from './helper.ts'

/** The result of a command. */
export interface Outcome {
  status: number | null
  stdout: string
  stderr: string
}

/** Options for running a command. */
export interface Setting {
  token?: string
  env?: NodeJS.ProcessEnv
  /** The content of standard input. */
  stdin?: string
  /** True to make standard input and output look like a terminal. */
  isTerminal?: boolean
}

/** Options for running a command as a separate process. */
export interface ProgramSetting extends Setting {
  /** True to run without the test runner's coverage hooks, which is faster. */
  isWithoutCoverage?: boolean
}

const environment = ({ url }: Pick<Gateway, 'url'>, { token = tokens.administrator, env }: Setting): NodeJS.ProcessEnv =>
  ({ SECRETS_GATEWAY_URL: url, SECRETS_GATEWAY_TOKEN: token, ...env })

/** Runs a command in this process. */
export async function secretsctl (gateway: Pick<Gateway, 'url'>, args: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const { isTerminal = false, stdin: input } = setting
  const stream = (): PassThrough & { isTTY: boolean } => Object.assign(new PassThrough(), { isTTY: isTerminal })
  const [stdin, stdout, stderr] = [stream(), stream(), stream()]
  if (isTerminal) stdin.write(input ?? '')
  else stdin.end(input ?? '')
  const status = await run(args, { stdin, stdout, stderr, env: environment(gateway, setting) })
  stdout.end()
  stderr.end()
  return { status, stdout: await text(stdout), stderr: await text(stderr) }
}

const binary = join(import.meta.dirname, '..', 'bin', 'secretsctl.js')

/** Builds a command line for `env`. Only `env` can remove NODE_OPTIONS: the test runner adds it to every process that a test starts. */
const commandLine = (args: readonly string[], { isWithoutCoverage = false }: ProgramSetting): string[] =>
  [...isWithoutCoverage ? ['-u', 'NODE_OPTIONS'] : [], process.execPath, binary, ...args]

/** An action to perform once a program's output contains the text `after`. */
export interface Step {
  after: string
  act: (child: ChildProcess) => unknown
}

/**
 * Runs a command as a separate process, with pipes for its standard streams, and performs the steps in order. With `isClosed`, the
 * reading end of standard output is closed from the start.
 */
export async function secretsctlProgram (
  gateway: Pick<Gateway, 'url'>, args: readonly string[], setting: ProgramSetting & { steps?: readonly Step[], isClosed?: boolean } = {}
): Promise<Outcome> {
  const { steps = [], stdin, isClosed = false } = setting
  const pending = [...steps]
  const child = spawn('env', commandLine(args, setting), { env: { ...process.env, ...environment(gateway, setting) } })
  child.stdin.end(stdin ?? '')
  if (isClosed) child.stdout.destroy()
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      output[name] += chunk
      const [next] = pending
      if (next === undefined || !output[name].includes(next.after)) return
      pending.shift()
      void next.act(child)
    })
  }
  const status = await new Promise<number | null>((resolve) => { child.once('close', (code) => { resolve(code) }) })
  return { status, ...output }
}

/** The reason to skip tests that need a pseudo-terminal; false if script(1) is installed. */
export const noTerminal = spawnSync('script', ['--version']).status === 0 ? false : 'script(1), which provides the terminal, is not installed'

/** Text to type once the output contains the text `after`. */
export interface Answer {
  after: string
  type: string
}

/** Enables colours, regardless of the settings of the terminal that runs the tests. */
const withColours: NodeJS.ProcessEnv = { TERM: 'xterm-256color', FORCE_COLOR: undefined, NO_COLOR: undefined, NODE_DISABLE_COLORS: undefined }

/** Runs a command in a pseudo-terminal, which util-linux's `script` provides. */
export async function secretsctlTerminal (
  gateway: Pick<Gateway, 'url'>, args: readonly string[], answers: readonly Answer[] = [], setting: ProgramSetting = {}
): Promise<{ status: number | null, screen: string }> {
  const quoted = commandLine(args, setting).map((arg) => `'${arg.replaceAll('\'', '\'\\\'\'')}'`).join(' ')
  // `exec` replaces the shell, so that Ctrl-C reaches only the command.
  const child = spawn('script', ['-qec', `exec env ${quoted}`, '/dev/null'], { env: { ...process.env, ...withColours, ...environment(gateway, setting) } })
  let screen = ''
  const pending = [...answers]
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    screen += chunk
    const [next] = pending
    if (next !== undefined && screen.includes(next.after)) {
      pending.shift()
      child.stdin.write(next.type)
    }
  })
  const status = await new Promise<number | null>((resolve) => { child.once('close', (code) => { resolve(code) }) })
  return { status, screen }
}

/** Returns the names of all commands in the help, with the group's name in front, and the names of the groups. */
export async function commandNames (group: readonly string[] = []): Promise<{ commands: string[], groups: string[] }> {
  const { stdout } = await secretsctl({ url: '' }, [...group, '--help'])
  const [, list] = stdout.split('\nCommands:\n')
  if (list === undefined) return { commands: [group.join(' ')], groups: [] }
  const names = Array.from(list.matchAll(/^ {2}([\w-]+)/gm), ([, name = '']) => name).filter((name) => name !== 'help')
  const found = await Promise.all(names.map(async (name) => commandNames([...group, name])))
  return {
    commands: found.flatMap(({ commands }) => commands),
    groups: [...(group.length === 0 ? [] : [group.join(' ')]), ...found.flatMap(({ groups }) => groups)]
  }
}
