import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { CommandFailure } from './terminal.ts'

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const

/** Those by which a user or a supervisor ends a program. */
const ending: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)

/** Milliseconds that a program has to end after SIGTERM, before SIGKILL: as long as containers have. */
const grace = 10_000

/** A program that runs in place of the command. */
export interface Child {
  /** Its exit status; 128 and the signal's number where a signal ended it, as a shell has it. Rejects where it can't be run. */
  readonly ended: Promise<number>
  /** Has it end. Gives the signal, if one came meanwhile, by which the command itself is to end. */
  end: () => Promise<NodeJS.Signals | undefined>
}

/** Starts a program with the command's own input and output, and passes signals on to it until it ends. */
export function startChild ([program = '', ...args]: readonly string[], env: NodeJS.ProcessEnv, isTerminal: boolean): Child {
  const child = spawn(program, args, { stdio: 'inherit', env })
  let told: NodeJS.Signals | undefined
  const handlers = passedOn.map((signal) => {
    const handler = (): void => {
      if (ending.has(signal)) told = signal
      // Ctrl-C and Ctrl-\ the terminal gives to both.
      if (!isTerminal || (signal !== 'SIGINT' && signal !== 'SIGQUIT')) child.kill(signal)
    }
    process.on(signal, handler)
    return { signal, handler }
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      reject(new CommandFailure(`${program} can't be run: ${error.code ?? 'an error'}`))
    })
    child.once('close', (code, signal) => { resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])) })
  }).finally(() => {
    for (const { signal, handler } of handlers) process.off(signal, handler)
  })
  return {
    ended,
    async end () {
      // It has survived the others; this one it may be about to obey.
      if (told !== 'SIGTERM') told = undefined
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), grace)
      await ended
      clearTimeout(timer)
      return told
    }
  }
}
