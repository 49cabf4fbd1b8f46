import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Keyring } from '#src/cli/keyring/keyring'
import { run } from '#src/cli/program'
import { tokens, type Gateway } from './helper.ts'
import { noKeyring } from './keyrings.ts'
import { shownBy, size } from './screen.ts'
import { uncountedNode } from './uncounted.ts'

/** The outcome of a command. */
export interface Outcome {
  status: number | null
  stdout: string
  stderr: string
}

/** Options for running a command. */
export interface Setting {
  token?: string
  env?: NodeJS.ProcessEnv
  /** The contents of the command's standard input. */
  stdin?: string
  /** True if standard input and output are a terminal. */
  isTerminal?: boolean
  /** The keyring, if the command runs in this process; by default, there is none. */
  keyring?: Keyring
  folder?: string | undefined
  /** Called with the text on standard error so far, whenever it grows. */
  onStderr?: (text: string) => void
}

/** Options for running a command as a separate process. */
export interface ProgramOptions extends Setting {
  /** True to start faster, without measuring coverage. */
  withoutCoverage?: boolean
}

/** Used by tests without their own settings, so that the settings of the person who runs the tests have no effect. */
const noProfiles = mkdtempSync(join(tmpdir(), 'secretsctl-'))
process.once('exit', () => { rmSync(noProfiles, { recursive: true }) })

/** Hides the keyring of the person who runs the tests: its library is not found. */
const withoutKeyring: NodeJS.ProcessEnv = { NAPI_RS_NATIVE_LIBRARY_PATH: '/none' }

const environment = ({ url }: Pick<Gateway, 'url'>, { token = tokens.administrator, env }: Setting): NodeJS.ProcessEnv =>
  ({ ...withoutKeyring, XDG_CONFIG_HOME: noProfiles, SECRETS_GATEWAY_URL: url, SECRETS_GATEWAY_TOKEN: token, ...env })

/** Runs a command in this process. */
export async function secretsctl (gateway: Pick<Gateway, 'url'>, args: readonly string[], setting: Setting = {}): Promise<Outcome> {
  const { isTerminal = false, stdin: input, folder, keyring = noKeyring, onStderr } = setting
  const stream = (): PassThrough & { isTTY: boolean } => Object.assign(new PassThrough(), { isTTY: isTerminal })
  const [stdin, stdout, stderr] = [stream(), stream(), stream()]
  if (isTerminal) stdin.write(input ?? '')
  else stdin.end(input ?? '')
  let shown = ''
  if (onStderr !== undefined) {
    const write = stderr.write.bind(stderr)
    stderr.write = (chunk: string | Uint8Array) => {
      shown += String(chunk)
      onStderr(shown)
      return write(chunk)
    }
  }
  // A command may wait until its output is read.
  const written = Promise.all([text(stdout), text(stderr)])
  const status = await run(args, {
    stdin, stdout, stderr, keyring, env: environment(gateway, setting), ...folder !== undefined && { cwd: () => folder }
  })
  stdout.end()
  stderr.end()
  const [out, err] = await written
  return { status, stdout: out, stderr: err }
}

const binary = join(import.meta.dirname, '..', 'bin', 'secretsctl.js')

/** Returns arguments for `env`. */
const commandLine = (args: readonly string[], { withoutCoverage = false }: ProgramOptions): string[] =>
  [...withoutCoverage ? uncountedNode : [process.execPath], binary, ...args]

/** When to act on a program: when its output contains a string, or when something else has happened. */
type Moment = { after: string } | { when: Promise<unknown> }

/** An action to perform on a program. */
export type Step = Moment & { act: (child: ChildProcess) => unknown }

/** The exit status as a shell reports it: 128 plus the signal's number for a process that a signal has ended. */
const statusOf = async (child: ChildProcess): Promise<number | null> => new Promise((resolve) => {
  child.once('close', (code, signal) => { resolve(signal === null ? code : 128 + constants.signals[signal]) })
})

const variablesOf = (gateway: Pick<Gateway, 'url'>, setting: ProgramOptions): NodeJS.ProcessEnv => ({ ...process.env, ...environment(gateway, setting) })

/**
 * Runs a command as a separate process with pipes, and performs the steps in order. Nobody reads the outputs that are `closed`:
 * their pipes are closed at the other end.
 */
export async function secretsctlProgram (
  gateway: Pick<Gateway, 'url'>, args: readonly string[],
  setting: ProgramOptions & { steps?: readonly Step[], closed?: readonly ('stdout' | 'stderr')[] } = {}
): Promise<Outcome> {
  const { steps = [], stdin, closed = [], folder } = setting
  const pending = steps.filter((step) => 'after' in step)
  const child = spawn('env', commandLine(args, setting), { env: variablesOf(gateway, setting), cwd: folder })
  child.stdin.end(stdin ?? '')
  for (const name of closed) child[name].destroy()
  for (const step of steps) if ('when' in step) void step.when.then(() => step.act(child))
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
  return { status: await statusOf(child), ...output }
}

/** The reason to skip tests that need a pseudo-terminal, or false if they can run. */
export const noTerminal = spawnSync('script', ['--version']).status === 0 ? false : 'script(1), which provides a terminal, is not installed'

/** Input to type. */
export type Answer = Moment & { type: string }

/** Enables colours, whatever the settings of the terminal in which the tests run. Node.js uses none if `CI` is set. */
const colourful: NodeJS.ProcessEnv = {
  TERM: 'xterm-256color', CI: undefined, FORCE_COLOR: undefined, NO_COLOR: undefined, NODE_DISABLE_COLORS: undefined
}

/** Settings of a command at a terminal. */
export interface TerminalOptions extends ProgramOptions {
  /** The terminal's width in columns. */
  columns?: number
  /** A shell command to run in the same terminal when the command has ended, even if Ctrl-C has ended it. */
  afterwards?: string
}

/**
 * Runs a command in a pseudo-terminal, using `script` from util-linux.
 *
 * @returns the exit status, the raw output, and the part of it that the screen shows
 */
export async function secretsctlTerminal (
  gateway: Pick<Gateway, 'url'>, args: readonly string[], answers: readonly Answer[] = [], setting: TerminalOptions = {}
): Promise<{ status: number | null, output: string, screen: string }> {
  const { columns = size.cols, afterwards, folder } = setting
  const command = `env ${commandLine(args, setting).map((arg) => `'${arg.replaceAll('\'', '\'\\\'\'')}'`).join(' ')}`
  // `exec` replaces the shell with the command, so that Ctrl-C reaches only the command. A shell that continues afterwards needs
  // a trap.
  const line = afterwards === undefined ? `exec ${command}` : `trap : INT; ${command}; status=$?; ${afterwards}; exit $status`
  const child = spawn('script', ['-qec', `stty cols ${columns} rows ${size.rows}; ${line}`, '/dev/null'], {
    env: { ...variablesOf(gateway, setting), ...colourful, ...setting.env }, cwd: folder
  })
  let output = ''
  const pending = answers.filter((answer) => 'after' in answer)
  for (const answer of answers) if ('when' in answer) void answer.when.then(() => child.stdin.write(answer.type))
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
    const [next] = pending
    if (next !== undefined && output.includes(next.after)) {
      pending.shift()
      child.stdin.write(next.type)
    }
  })
  const status = await statusOf(child)
  return { status, output, screen: await shownBy(output, columns) }
}

/** Returns the commands and the groups that the help lists. Each command is prefixed with its group's name. */
export async function commandNames (group: readonly string[] = []): Promise<{ commands: string[], groups: string[] }> {
  const { stdout } = await secretsctl({ url: '' }, [...group, '--help'])
  const [, list = ''] = /\n {2}-h, --help .*\n([^]*)$/.exec(stdout) ?? []
  const names = Array.from(list.matchAll(/^ {2}([a-z][\w-]*) {2,}/gm), ([, name = '']) => name).filter((name) => name !== 'help')
  if (names.length === 0) return { commands: [group.join(' ')], groups: [] }
  const found = await Promise.all(names.map(async (name) => commandNames([...group, name])))
  return {
    commands: found.flatMap(({ commands }) => commands),
    groups: [...(group.length === 0 ? [] : [group.join(' ')]), ...found.flatMap(({ groups }) => groups)]
  }
}
