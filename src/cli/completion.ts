import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'
import { chosenEnvironment, gatewayOf } from './gateway.ts'
import { withExample, type GlobalOptions } from './global-options.ts'
import { projectOf } from './profiles/project.ts'
import { readProfiles } from './profiles/store.ts'
import type { Terminal } from './terminal.ts'

/** The time in milliseconds after which a completion gives up, because users would not wait longer. */
const timeout = 1_000

/** The maximum number of names that are offered. */
const mostNames = 100

/** Returns the environments that the caller may see. */
async function environments (options: GlobalOptions, terminal: Terminal): Promise<string[]> {
  const { data } = await gatewayOf(options, terminal).GET('/environments', { signal: AbortSignal.timeout(timeout) })
  return (data?.items ?? []).map(({ name }) => name)
}

/** Returns the names of secrets that begin with a word. */
async function names (options: GlobalOptions, terminal: Terminal, word: string): Promise<string[]> {
  const env = chosenEnvironment(options, terminal)
  if (env === undefined) return []
  const { data } = await gatewayOf(options, terminal).GET('/environments/{env}/secrets', {
    params: { path: { env }, query: { limit: mostNames, sort: 'name', ...word !== '' && { namePrefix: word } } },
    signal: AbortSignal.timeout(timeout)
  })
  return (data?.items ?? []).map(({ name }) => name)
}

/** The options and arguments that take an environment, and the arguments that take the name of a secret. */
const environmentOptions = new Set(['--env', '-e', '--from', '--to'])
const environmentArguments = new Set(['environments'])
const nameArguments = new Set(['name', 'names'])

/** The word to complete, and the kind of name that it begins. */
interface Wanted {
  kind: 'environment' | 'name' | 'profile'
  word: string
  options: GlobalOptions
}

/**
 * Determines the kind of name that the last word begins: an environment, a secret or a profile. Returns undefined for any other
 * word.
 */
function wantedBy (words: readonly string[], program: Command): Wanted | undefined {
  const word = words.at(-1) ?? ''
  const before = words.slice(0, -1)
  const given = (...names: string[]): string | undefined => {
    const index = before.findLastIndex((each) => names.includes(each))
    return index === -1 ? undefined : before[index + 1]
  }
  // `promote` copies the secrets of the environment in `--from`.
  const [env, profile, url] = [given('--env', '-e') ?? given('--from'), given('--profile'), given('--url')]
  const options = { ...env !== undefined && { env }, ...profile !== undefined && { profile }, ...url !== undefined && { url } }
  const previous = before.at(-1) ?? ''
  if (environmentOptions.has(previous)) return { kind: 'environment', word, options }
  if (previous === '--profile' || previous === 'use') return { kind: 'profile', word, options }
  if (previous === '--secret') return { kind: 'name', word, options }
  if (word.startsWith('-')) return undefined
  const command = program.commands.find((command) => before.includes(command.name()))
  const [argument] = command?.registeredArguments ?? []
  if (argument === undefined) return undefined
  if (environmentArguments.has(argument.name())) return { kind: 'environment', word, options }
  return nameArguments.has(argument.name()) ? { kind: 'name', word, options } : undefined
}

/** Returns the words to offer. Fails silently, because a message would appear on the command line that is being typed. */
async function candidatesFor ({ kind, word, options }: Wanted, given: Terminal): Promise<string[]> {
  // The notice about a slow keyring never appears, because the completion times out first.
  const terminal = { ...given, keyring: async () => given.keyring({ notice: 2 * timeout, timeout }) }
  try {
    terminal.project = await projectOf(terminal)
    if (kind === 'profile') return Object.keys(readProfiles(terminal.env).profiles)
    return kind === 'environment' ? await environments(options, terminal) : await names(options, terminal, word)
  } catch {
    return []
  }
}

/** Adds `secretsctl completion SHELL`, and the hidden `complete` command that the completion scripts call. */
export async function withCompletion (program: Command, args: readonly string[], terminal: Terminal): Promise<Command> {
  const root = tab(program, { completionCommandName: 'completion' })
  const completion = program.commands.find((command) => command.name() === 'completion')
  completion?.description('print a shell completion script').helpGroup('Setup:')
  const [shell] = completion?.registeredArguments ?? []
  if (shell !== undefined) shell.description = 'the shell'
  if (completion !== undefined) withExample(completion, 'source <(secretsctl completion bash)')
  const wanted = args[0] === 'complete' ? wantedBy(args.slice(args[1] === '--' ? 2 : 1), program) : undefined
  if (wanted === undefined) return program
  const candidates = await candidatesFor(wanted, terminal)
  const offer = (complete: (value: string, description: string) => void): void => { for (const candidate of candidates) complete(candidate, '') }
  for (const command of [root, ...root.commands.values()]) {
    for (const [name, alias] of [['env', 'e'], ['from'], ['to'], ['profile'], ['secret']] as const) {
      if (name === 'env' || name === 'profile' || command.options.has(name)) command.option(name, '', offer, alias)
    }
    for (const [name, argument] of command.arguments) {
      if (nameArguments.has(name) || environmentArguments.has(name) || name === 'profile') argument.handler = offer
    }
  }
  return program
}
