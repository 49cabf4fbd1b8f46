import { Help, Option, type Command } from 'commander'
import { WrongUsage } from '#src/command-line/wrong-usage'
import { outputFormats, type OutputFormat } from './output-format.ts'

/** The options that every command accepts. */
export interface GlobalOptions {
  profile?: string
  url?: string
  token?: string
  env?: string
  output?: OutputFormat
  json?: boolean
}

/** Adds the options that every command accepts. They can be placed before or after the command's name. */
export function withGlobalOptions (program: Command): Command {
  return program
    .option('-e, --env <environment>', 'the environment (SECRETS_GATEWAY_ENV)')
    .addOption(new Option('-o, --output <format>', 'how to print the result').choices(outputFormats))
    .option('--json', 'the same as --output json')
    .option('--profile <name>', 'a profile that "secretsctl login" has stored (SECRETS_GATEWAY_PROFILE)')
    .option('--url <url>', 'the gateway\'s URL (SECRETS_GATEWAY_URL)')
    .option('--token <token>', 'the API key or other token; prefer SECRETS_GATEWAY_TOKEN, since other users can see command lines')
}

type Names = readonly (keyof GlobalOptions)[]

/** Leaves global options that a command does not use out of its help. */
export function withoutOptions (command: Command, unused: Names): Command {
  const isUsed = (option: Option): boolean => !(unused as readonly string[]).includes(option.attributeName())
  const help = Object.assign(new Help(), { showGlobalOptions: true })
  const visibleGlobalOptions = (each: Command): Option[] => help.visibleGlobalOptions(each).filter(isUsed)
  return command.configureHelp({ ...command.configureHelp(), visibleGlobalOptions })
}

/** What to use instead of a global option. The inner keys are options of a command: if it has one, the value says what to use. */
const alternatives: Partial<Record<keyof GlobalOptions, Readonly<Record<string, string>>>> = {
  env: { '--environment': '--environment', '--to': '--from and --to' },
  token: { '--with-token': '--with-token' }
}

/**
 * Refuses global options that a command does not use, because users expect them to have an effect.
 *
 * @throws WrongUsage
 */
export function assertUsed (command: Command, unused: Names): void {
  const ignored = unused.find((name) => command.getOptionValueSourceWithGlobals(name) === 'cli')
  if (ignored === undefined) return
  const has = (name: string): boolean => command.options.some(({ long }) => long === name)
  const [, alternative] = Object.entries(alternatives[ignored] ?? {}).find(([name]) => has(name)) ?? []
  throw new WrongUsage(`--${ignored} has no effect on this command${alternative === undefined ? '' : `: use ${alternative}`}`)
}

/** Adds examples to a command's help. */
export function withExample (command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', ['', 'Example:', ...lines.map((line) => `  ${line}`)].join('\n'))
}
