import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { terminationSignals } from './clean-up.ts'
import { reasonOf } from './system-error.ts'
import { CommandFailure, FailureWithStatus } from './terminal.ts'

const forwardedSignals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const

/** The time between SIGTERM and SIGKILL, in milliseconds. `docker stop` has the same default. */
const gracePeriod = 10_000

/** A running child process. */
export interface Child {
  /**
   * The exit status. For a process that was killed by a signal, it is 128 plus the signal's number, as in a shell. Rejects with
   * FailureWithStatus if the program can't be started: status 127 if it does not exist, otherwise 126, as in a shell.
   */
  readonly ended: Promise<number>
  /**
   * Terminates the process and waits for its exit. Resolves to undefined if the program may be restarted.
   *
   * Resolves to a signal if `secretsctl` must exit instead, because it has received this signal itself. This is either a SIGTERM
   * from before the call, or any termination signal that arrived during the wait.
   */
  end: () => Promise<NodeJS.Signals | undefined>
}

/** Starts a program with this process's standard input, output and error. Forwards signals to the program until it exits. */
export function startChild ([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv, isTerminal: boolean): Child {
  let received: NodeJS.Signals | undefined
  // The handlers come first, because a signal that arrives before them would end this process and leave the program behind.
  const handlers = forwardedSignals.map((signal) => {
    const handler = (): void => {
      if (terminationSignals.includes(signal)) received = signal
      // On Ctrl-C or Ctrl-\, the terminal itself sends SIGINT or SIGQUIT to the child, which is in the same process group.
      if (!isTerminal || (signal !== 'SIGINT' && signal !== 'SIGQUIT')) child.kill(signal)
    }
    process.on(signal, handler)
    return { signal, handler }
  })
  const child = spawn(program, args, { stdio: 'inherit', env })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(new FailureWithStatus(error.code === 'ENOENT' ? 127 : 126, new CommandFailure(`${program} can't be run: ${reasonOf(error)}`)))
    })
    child.once('close', (code, signal) => { resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])) })
  }).finally(() => {
    for (const { signal, handler } of handlers) process.off(signal, handler)
  })
  return {
    ended,
    async end () {
      // Ignores an earlier SIGINT, SIGHUP or SIGQUIT, because the program survived it. Does not ignore an earlier SIGTERM,
      // because the program may still be shutting down.
      if (received !== 'SIGTERM') received = undefined
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), gracePeriod)
      await ended
      clearTimeout(timer)
      return received
    }
  }
}
