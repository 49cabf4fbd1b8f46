import { Option, type Command } from 'commander'
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

/** Adds examples to a command's help. */
export function withExample (command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', ['', 'Example:', ...lines.map((line) => `  ${line}`)].join('\n'))
}
