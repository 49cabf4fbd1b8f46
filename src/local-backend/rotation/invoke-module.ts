import { fork } from 'node:child_process'
import { extname, join } from 'node:path'
import { FunctionError } from './function-error.ts'
import type { Invocation } from './rotation-event.ts'

/** The request to a function's process. */
export interface Work extends Pick<Invocation, 'functionArn' | 'event'> {
  file: string
  /** The time limit of the call, in milliseconds. */
  timeout: number
}

/** The reply of a function's process. */
export interface Done {
  succeeded: boolean
  /** The name of the error, if the function failed. */
  error?: unknown
}

const program = join(import.meta.dirname, `lambda-process${extname(import.meta.filename)}`)

/**
 * Calls the `handler` that a module exports, as Lambda does. The function runs in its own process, so it can neither crash nor
 * block the backend. The function's output is discarded, because it may contain a secret's value.
 *
 * @throws FunctionError if the function fails; the signal's reason if the signal aborted the call
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
