import type { Readable, Writable } from 'node:stream'

/** What a command has of its process, so that a test can give it another. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable & { readonly isTTY?: boolean }
  readonly stderr: Writable & { readonly isTTY?: boolean }
  readonly env: NodeJS.ProcessEnv
}

/** The command was refused, or failed: exit status 1. The message is for whoever runs it, and holds no secret. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

export { WrongUsage } from '#src/command-line/wrong-usage'

/** The command ends with the exit status of another program, which has said why itself. */
export class ExitStatus extends Error {
  override readonly name = 'ExitStatus'
  readonly status: number

  constructor (status: number) {
    super(`Exit status ${status}`)
    this.status = status
  }
}

/** Writes a result: JSON for a program where it is asked for, else lines for people. */
export function print ({ stdout }: Terminal, { json }: { json?: boolean }, result: object, lines: readonly string[]): void {
  stdout.write(json === true ? `${JSON.stringify(result, undefined, 2)}\n` : lines.map((line) => `${line}\n`).join(''))
}
