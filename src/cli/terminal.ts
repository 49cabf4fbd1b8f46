import type { Readable, Writable } from 'node:stream'

/** The process's standard streams and environment variables. Tests replace them. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly env: NodeJS.ProcessEnv
}

/**
 * An expected failure, for which the command exits with status 1. The message is shown to the user and must not contain a secret.
 */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

export { WrongUsage } from '#src/command-line/wrong-usage'

/** Thrown to exit with a given status and without a message. For example, `run` exits with the status of its child process. */
export class ExitStatus extends Error {
  override readonly name = 'ExitStatus'
  readonly status: number

  constructor (status: number) {
    super(`Exit status ${status}`)
    this.status = status
  }
}

/** Writes a result to standard output: as JSON if `--json` is set, otherwise as text. */
export function print ({ stdout }: Terminal, { json }: { json?: boolean }, result: object, lines: readonly string[]): void {
  stdout.write(json === true ? `${JSON.stringify(result, undefined, 2)}\n` : lines.map((line) => `${line}\n`).join(''))
}
