import { Command, CommanderError } from 'commander'
import { GatewayProblem, GatewayUnreachable } from '#src/client/client'
import { apply } from './commands/apply.ts'
import { auditSearch } from './commands/audit-search.ts'
import { auditVerify } from './commands/audit-verify.ts'
import { awsCredentials } from './commands/aws-credentials.ts'
import { configCheck } from './commands/config-check.ts'
import { create } from './commands/create.ts'
import { remove } from './commands/delete.ts'
import { diff } from './commands/diff.ts'
import { exportSecrets } from './commands/export.ts'
import { iamPolicyCommand } from './commands/iam-policy.ts'
import { keysCreate } from './commands/keys-create.ts'
import { list } from './commands/list.ts'
import { local } from './commands/local.ts'
import { policyCheck } from './commands/policy-check.ts'
import { policyTest } from './commands/policy-test.ts'
import { promote } from './commands/promote.ts'
import { read } from './commands/read.ts'
import { restore } from './commands/restore.ts'
import { rollback } from './commands/rollback.ts'
import { rotate } from './commands/rotate.ts'
import { runChild } from './commands/run.ts'
import { tag } from './commands/tag.ts'
import { update } from './commands/update.ts'
import { versions } from './commands/versions.ts'
import { withCompletion } from './completion.ts'
import { withGlobalOptions } from './gateway.ts'
import { CommandFailure, ExitStatus, FailureWithStatus, terminalOf, WrongUsage, type ProcessStreams, type Terminal } from './terminal.ts'

/** Adds one command to the program or to a group of commands. */
export type AddCommand = (parent: Command, terminal: Terminal) => void

/** The top-level commands, each in its own file in `commands/`. */
const commands: readonly AddCommand[] = [
  create, read, update, remove,
  list, versions, rollback, restore, rotate, tag,
  apply, diff, promote,
  runChild, exportSecrets, awsCredentials,
  iamPolicyCommand,
  local
]

/** The groups of subcommands, such as `secretsctl keys`. */
const groups: readonly { name: string, description: string, commands: readonly AddCommand[] }[] = [
  { name: 'keys', description: 'create API keys', commands: [keysCreate] },
  { name: 'config', description: 'check the gateway\'s configuration file', commands: [configCheck] },
  { name: 'policy', description: 'check and test the policies in a folder', commands: [policyCheck, policyTest] },
  { name: 'audit', description: 'verify and search the gateway\'s audit trail', commands: [auditVerify, auditSearch] }
]

function program (terminal: Terminal): Command {
  const { stdout, stderr } = terminal
  const secretsctl = withGlobalOptions(new Command('secretsctl'))
    .description('Command-line client for secrets-gateway.')
    .exitOverride()
    .configureOutput({ writeOut: stdout.text, writeErr: stderr.text })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(run with --help for details)')
  for (const add of commands) add(secretsctl, terminal)
  for (const { name, description, commands } of groups) {
    const group = secretsctl.command(name).description(description)
    for (const add of commands) add(group, terminal)
  }
  return withCompletion(secretsctl)
}

/** The number of errors at which the gateway stops searching for more. */
const mostErrors = 100

/** Returns an error's exit status and the lines to print on standard error. Returns undefined for an unexpected error. */
function outcomeOf (error: unknown): { status: number, lines: readonly string[] } | undefined {
  // Commander has already written its message. Its exit code is 0 only for requested help.
  if (error instanceof CommanderError) return { status: error.exitCode === 0 ? 0 : 2, lines: [] }
  if (error instanceof ExitStatus) return { status: error.status, lines: [] }
  if (error instanceof FailureWithStatus) {
    const outcome = outcomeOf(error.cause)
    return outcome === undefined ? undefined : { ...outcome, status: error.status }
  }
  if (error instanceof WrongUsage) return { status: 2, lines: [error.message] }
  if (error instanceof GatewayProblem) {
    const { message, code, requestId, errors, errorCount } = error
    const details = errors.map(({ pointer, message }) => `  ${pointer}: ${message}`)
    // The gateway may have stopped searching before it found all errors.
    if (errorCount >= mostErrors) details.push('  and possibly more')
    return { status: 1, lines: [message, ...details, `(${code}, request ${requestId})`] }
  }
  if (error instanceof CommandFailure) return { status: 1, lines: error.lines }
  if (error instanceof GatewayUnreachable) return { status: 1, lines: [error.message] }
  return undefined
}

/**
 * Runs a command and reports its failure on standard error.
 *
 * @param args the arguments, without the program's own name
 * @returns the exit status: 0 on success, 1 on failure, 2 for wrong usage. `diff` and `run` have others as well
 * @throws any unexpected error, which is a bug in the program
 */
export async function run (args: readonly string[], streams: ProcessStreams): Promise<number> {
  const terminal = terminalOf(streams)
  try {
    await program(terminal).parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    const outcome = outcomeOf(error)
    if (outcome === undefined) throw error
    terminal.stderr.lines(outcome.lines)
    return outcome.status
  }
}
