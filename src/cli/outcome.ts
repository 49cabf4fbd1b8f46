import { CommanderError, type Command } from 'commander'
import { GatewayProblem, GatewayUnreachable } from '#src/client/problems'
import { CommandFailure, ExitStatus, FailureWithStatus, WrongUsage, type Terminal } from './terminal.ts'

/** The end of a failed command: its exit status, and the lines for standard error. */
export interface FailedOutcome {
  status: number
  lines: readonly string[]
}

/**
 * Returns the outcome of a command that has thrown this error. Returns undefined for an unexpected error, which is a bug.
 *
 * @param command the command, if it has begun
 */
export async function outcomeOf (
  error: unknown, command: Command | undefined, terminal: Terminal
): Promise<FailedOutcome | undefined> {
  // Commander has already written its message. Its exit code is 0 only for requested help.
  if (error instanceof CommanderError) return { status: error.exitCode === 0 ? 0 : 2, lines: [] }
  if (error instanceof ExitStatus) return { status: error.status, lines: [] }
  if (error instanceof FailureWithStatus) {
    const outcome = await outcomeOf(error.cause, command, terminal)
    return outcome === undefined ? undefined : { ...outcome, status: error.status }
  }
  if (error instanceof WrongUsage) return { status: 2, lines: error.message.split('\n') }
  if (error instanceof CommandFailure) return { status: error.status, lines: error.lines }
  if (error instanceof GatewayProblem || error instanceof GatewayUnreachable) {
    // Loaded on demand, because most commands succeed.
    const { failureLines } = await import('./failure-lines.ts')
    return { status: 1, lines: await failureLines(error, command, terminal) }
  }
  return undefined
}
