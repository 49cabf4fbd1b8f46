import { fork } from 'node:child_process'
import { extname, join } from 'node:path'
import { FunctionError } from './function-error.ts'
import type { Invocation } from './rotation-event.ts'

/** What the process of a function is given to do. */
export interface Work extends Pick<Invocation, 'functionArn' | 'event'> {
  file: string
  /** Milliseconds. */
  timeout: number
}

/** What the process of a function says when it is done. */
export interface Done {
  succeeded: boolean
  /** The error's name, where the function has failed. */
  error?: unknown
}

const program = join(import.meta.dirname, `lambda-process${extname(import.meta.filename)}`)

/**
 * Calls the `handler` that a module exports as Lambda does, in a process of its own: it can crash or hang as it likes. What it
 * prints is lost, since it may be a secret's value.
 *
 * Throws FunctionError, and the signal's reason where that ended the call.
 */
export async function invokeModule (work: Work, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const child = fork(program, { env: environment, execArgv: [], stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const kill = () => { child.kill('SIGKILL') }
  signal.addEventListener('abort', kill)
  try {
    const done = await new Promise<Done>((resolve) => {
      let last: Done = { succeeded: false, error: 'Runtime.ExitError' }
      child.on('message', (message: Done) => { last = message })
      child.on('error', () => { resolve(last) })
      child.on('exit', () => { resolve(last) })
      child.send(work)
    })
    signal.throwIfAborted()
    if (!done.succeeded) throw new FunctionError(done.error)
  } finally {
    signal.removeEventListener('abort', kill)
  }
}
