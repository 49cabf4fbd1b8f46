import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { sections, type Entry, type Group } from './catalogue.ts'
import { assertUsed, withExample, withGlobalOptions, withoutOptions } from './global-options.ts'
import { helpStyle } from './help.ts'
import { outcomeOf } from './outcome.ts'
import type { OutputOptions } from './output-format.ts'
import { projectOf } from './profiles/project.ts'
import { terminalOf, type ProcessStreams, type Terminal } from './terminal.ts'

/** The commands whose modules are not loaded yet. */
type Pending = Map<Command, Entry>

/** Returns the version in the package's package.json. The build is one folder deeper than the source. */
function versionOfPackage (): string {
  const candidates = [join(import.meta.dirname, '..', '..'), join(import.meta.dirname, '..', '..', '..')]
  const versions = candidates.flatMap((folder) => {
    const file = join(folder, 'package.json')
    return existsSync(file) ? [(JSON.parse(readFileSync(file, 'utf8')) as { version?: string }).version ?? []].flat() : []
  })
  return versions[0] ?? 'unknown'
}

/** Adds a command or a group with its name and description only. */
function add (parent: Command, entry: Entry | Group, pending: Pending, unused: NonNullable<Entry['unused']>): Command {
  const command = withoutOptions(parent.command(entry.name).description(entry.description), unused)
  command.hook('preAction', (_, acting) => { if (acting === command) assertUsed(command, unused) })
  if ('load' in entry) pending.set(command, entry)
  else for (const member of entry.commands) add(command, member, pending, unused)
  return command
}

/** Loads the module of a command, unless it has been loaded already. */
async function define (command: Command, pending: Pending, terminal: Terminal): Promise<void> {
  const entry = pending.get(command)
  pending.delete(command)
  if (entry !== undefined) (await entry.load())(command, terminal)
}

/**
 * Creates the program. `complete` and `completion` need the modules of all commands. Every other command needs only its own
 * module.
 */
async function programFor (args: readonly string[], terminal: Terminal): Promise<Command> {
  const { stdout, stderr } = terminal
  const pending: Pending = new Map()
  const secretsctl = withGlobalOptions(new Command('secretsctl'))
    .description('Command-line client for secrets-gateway.')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({ writeOut: stdout.text, writeErr: stderr.text })
    .configureHelp(helpStyle)
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError('(run with --help for details)')
  for (const { heading, unused = [], commands } of sections) {
    for (const entry of commands) add(secretsctl, entry, pending, 'load' in entry ? entry.unused ?? unused : unused).helpGroup(heading)
  }
  for (const group of [secretsctl, ...secretsctl.commands]) {
    group.hook('preSubcommand', async (_, command) => define(command, pending, terminal))
  }
  if (args[0] === 'complete' || args[0] === 'completion') {
    for (const command of [...pending.keys()]) await define(command, pending, terminal)
    return (await import('./completion.ts')).withCompletion(secretsctl, args, terminal)
  }
  withExample(secretsctl.command('version').description('print the version, as --version does').helpGroup('Setup:'), 'secretsctl version')
    .action(() => { stdout.lines([versionOfPackage()]) })
  secretsctl.command('completion').description('print a shell completion script').helpGroup('Setup:')
  return secretsctl
}

/**
 * Runs a command and reports its failure on standard error.
 *
 * @param args the arguments, without the program's own name
 * @returns the exit status: 0 on success, 1 on failure, 2 for wrong usage. `diff` and `run` have further statuses
 * @throws any unexpected error, which is a bug in the program
 */
export async function run (args: readonly string[], streams: ProcessStreams): Promise<number> {
  const terminal = terminalOf(streams)
  if (args.length === 1 && ['--version', '-V'].includes(args[0] ?? '')) {
    terminal.stdout.lines([versionOfPackage()])
    return 0
  }
  let begun: Command | undefined
  try {
    const program = await programFor(args, terminal)
    program.hook('preAction', async (_, command) => {
      terminal.project = await projectOf(terminal)
      begun = command
      // Commands with their own formats have only --json.
      if (command.optsWithGlobals<OutputOptions>().output === 'json') program.setOptionValue('json', true)
    })
    await program.parseAsync(args, { from: 'user' })
    return 0
  } catch (error) {
    const outcome = await outcomeOf(error, begun, terminal)
    if (outcome === undefined) throw error
    terminal.stderr.lines(outcome.lines)
    return outcome.status
  }
}
