import { isUtf8 } from 'node:buffer'
import type { Readable } from 'node:stream'
import { outputsOf, type Line, type Outputs, type Streams } from '#src/command-line/output'
import { visibleLines } from '#src/command-line/visible'
import { WrongUsage } from '#src/command-line/wrong-usage'
import type { Keyring, Limits } from './keyring/keyring.ts'
import { formatOf, type OutputOptions } from './output-format.ts'
import type { Project } from './profiles/profiles.ts'
import { yamlText } from './yaml-text.ts'

/** The standard streams, the environment variables and the working folder of the process. Tests replace them. */
export interface ProcessStreams extends Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly cwd?: () => string
  /** The keyring. Defaults to the operating system's keyring. */
  readonly keyring?: Keyring
}

/** The standard streams, the environment variables and the project that a command uses. */
export interface Terminal extends Outputs, Pick<ProcessStreams, 'stdin' | 'env'> {
  /** The working folder, or undefined if there is none. */
  readonly folder: string | undefined
  /**
   * Returns the project file of the working folder, or undefined if there is none.
   *
   * @throws CommandFailure if the file can't be used
   */
  project: () => Project | undefined
  /** Returns the keyring. Its module is loaded on demand, because most commands don't need it. */
  readonly keyring: (limits?: Limits) => Promise<Keyring>
}

export function terminalOf (streams: ProcessStreams): Terminal {
  const { stdin, env } = streams
  const outputs = outputsOf(streams)
  const keyring: Terminal['keyring'] = async (limits) =>
    streams.keyring ?? (await import('./keyring/os-keyring.ts')).osKeyring({ env, stderr: outputs.stderr }, limits)
  return { stdin, env, folder: streams.cwd?.(), project: () => undefined, keyring, ...outputs }
}

/** An expected failure. The lines are shown to the user and must not contain a secret. */
export class CommandFailure extends Error {
  override readonly name: string = 'CommandFailure'
  readonly lines: readonly string[]
  /** The command's exit status. */
  readonly status: number = 1

  constructor (...lines: readonly string[]) {
    super(lines.join('\n'))
    this.lines = lines
  }
}

/** Thrown when the user answers a question with Ctrl-C. The exit status is that of a program that SIGINT has ended. */
export class Interrupted extends CommandFailure {
  override readonly name = 'Interrupted'
  override readonly status = 130
}

export { WrongUsage }

/** Thrown to exit with a given status and without a message. For example, `run` exits with the status of its child process. */
export class ExitStatus extends Error {
  override readonly name = 'ExitStatus'
  readonly status: number

  constructor (status: number) {
    super(`Exit status ${status}`)
    this.status = status
  }
}

/** An error with its own exit status. The `cause` is the error to report. */
export class FailureWithStatus extends Error {
  override readonly name = 'FailureWithStatus'
  readonly status: number

  constructor (status: number, cause: unknown) {
    super(`Exit status ${status}`, { cause })
    this.status = status
  }
}

/**
 * Writes a result to standard output, as text or in the format that the options choose.
 *
 * @throws WrongUsage for `--output env`, which only the commands that print values offer
 */
export function print ({ stdout }: Terminal, options: OutputOptions, result: object, lines: readonly Line[]): void {
  const format = formatOf(options)
  if (format === 'env') throw new WrongUsage('--output env is only for read and export')
  if (format === 'json') stdout.json(result)
  else if (format === 'yaml') stdout.text(yamlText(result))
  else stdout.lines(lines)
}

/**
 * Writes values to standard output. A file or a pipe receives the unchanged bytes. A terminal receives text whose control
 * characters are escaped, because values must not control the terminal.
 */
export function printValues ({ stdout, stderr }: Terminal, bytes: Buffer): void {
  if (!stdout.isTerminal) {
    stdout.bytes(bytes)
    return
  }
  const text = bytes.toString()
  stdout.text(text.endsWith('\n') ? text : `${text}\n`)
  if (!isUtf8(bytes)) stderr.lines(['This is binary, which a terminal can\'t show: write it to a file or a pipe'])
  else if (visibleLines(text) !== text) stderr.lines(['Control characters are shown as escapes: write to a file or a pipe to get them unchanged'])
}
