import { isProblem, Problem } from '#src/problems/problem'
import { TimeoutExceeded } from './time-limit.ts'

/** The reason why the server can't be used: it can't be reached, does not reply in time, or can't carry out writes. */
export type Outage = 'unreachable' | 'slow' | 'unusable'

/**
 * The reason for a command's failure. `refused`: the server replied with an error. `busy`: too many other commands were waiting.
 */
export type Failure = Outage | 'refused' | 'busy'

/** The errors of a server that can't carry out writes, or does not accept the password. */
const unusable = /^(LOADING|READONLY|MASTERDOWN|MISCONF|NOAUTH|WRONGPASS|NOREPLICAS|CLUSTERDOWN)\b/

/** The other errors of a server. They begin with a word in capital letters. */
const reply = /^[A-Z]+ /

/** Returns the reason why a command, or an attempt to connect, has failed. */
export function failureOf (error: unknown): Exclude<Failure, 'busy'> {
  if (error instanceof TimeoutExceeded) return 'slow'
  const text = error instanceof Error ? error.message : ''
  return unusable.test(text) ? 'unusable' : reply.test(text) ? 'refused' : 'unreachable'
}

/** Returns true if the server does not know a script by its hash, for example because it was restarted. */
export const isUnknownScript = (error: unknown): boolean => error instanceof Error && error.message.startsWith('NOSCRIPT')

/** Creates the problem for a failed command. The server's own text is left out, because it may quote the command. */
export const unavailable = (failure: Failure): Problem =>
  new Problem('shared-state-unavailable', { reason: `shared-state-${failure}` })

/**
 * Returns true if the server replied with an error. If all replies are errors, the command or the server's configuration is
 * wrong.
 */
export const isRefusal = (error: unknown): boolean =>
  isProblem(error, 'shared-state-unavailable') && error.options.reason === 'shared-state-refused'
