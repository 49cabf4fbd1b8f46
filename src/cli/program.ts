import { Command, CommanderError } from 'commander'
import { GatewayProblem, GatewayUnreachable } from '#src/client/client'
import { apply } from './commands/apply.ts'
import { auditVerify } from './commands/audit-verify.ts'
import { configCheck } from './commands/config-check.ts'
import { create } from './commands/create.ts'
import { remove } from './commands/delete.ts'
import { diff } from './commands/diff.ts'
import { exportSecrets } from './commands/export.ts'
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
import { plain } from './table.ts'
import { CommandFailure, ExitStatus, WrongUsage, type Terminal } from './terminal.ts'

/** Adds one command to the program or to a group of commands. */
export type AddCommand = (parent: Command, terminal: Terminal) => void

/** The commands; one file each under `commands/`. */
const commands: readonly AddCommand[] = [
  create, read, update, remove,
  list, versions, rollback, restore, rotate, tag,
  apply, diff, promote,
  runChild, exportSecrets,
  local
]

/** The groups of commands and what is in them. */
const groups: readonly { name: string, description: string, commands: readonly AddCommand[] }[] = [
  { name: 'keys', description: 'API keys', commands: [keysCreate] },
  { name: 'config', description: 'the gateway\'s configuration file', commands: [configCheck] },
  { name: 'policy', description: 'the policies of a folder', commands: [policyCheck, policyTest] },
  { name: 'audit', description: 'the gateway\'s audit trail', commands: [auditVerify] }
]

function program (terminal: Terminal): Command {
  const { stdout, stderr } = terminal
  const secretsctl = withGlobalOptions(new Command('secretsctl'))
    .description('Works with a secrets-gateway.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => stdout.write(text), writeErr: (text) => stderr.write(text) })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help says more)')
  for (const add of commands) add(secretsctl, terminal)
  for (const { name, description, commands } of groups) {
    const group = secretsctl.command(name).description(description)
    for (const add of commands) add(group, terminal)
  }
  return withCompletion(secretsctl)
}

/** What a failure says to whoever runs the command, and the exit status; undefined for a defect. */
function outcomeOf (error: unknown): { status: number, lines: readonly string[] } | undefined {
  // Help that was asked for ends with 0; commander has written what there is to say.
  if (error instanceof CommanderError) return { status: error.exitCode === 0 ? 0 : 2, lines: [] }
  if (error instanceof ExitStatus) return { status: error.status, lines: [] }
  if (error instanceof WrongUsage) return { status: 2, lines: [error.message] }
  if (error instanceof GatewayProblem) {
    const { message, code, requestId, errors } = error
    const mistakes = errors.map(({ pointer, message }) => `  ${pointer}: ${message}`)
    return { status: 1, lines: [message, ...mistakes, `(${code}, request ${requestId})`] }
  }
  if (error instanceof CommandFailure || error instanceof GatewayUnreachable) return { status: 1, lines: [error.message] }
  return undefined
}

/**
 * Runs a command.
 *
 * @param args without the program's own name
 * @returns the exit status: 0, 1 where it was refused or failed, 2 for wrong usage; that of the child for `run`
 */
export async function run (args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    await program(terminal).parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    const outcome = outcomeOf(error)
    if (outcome === undefined) throw error
    for (const line of outcome.lines) terminal.stderr.write(`${line.split('\n').map(plain).join('\n')}\n`)
    return outcome.status
  }
}
