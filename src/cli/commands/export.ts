import { InvalidArgumentError, Option, type Command } from 'commander'
import { formats, serialized, type FormatName } from '#src/cli/formats'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { warnOfUnaddressable } from '#src/cli/results'
import { dangerOf } from '#src/cli/dangerous-variables'
import { formatOf, type OutputFormat } from '#src/cli/output-format'
import { printValues, WrongUsage, type Terminal } from '#src/cli/terminal'
import { readVariables, selectionFrom, withSelection, type Refusal, type Selection } from '#src/cli/variables'

interface Options extends GlobalOptions, Selection {
  format?: FormatName
  name: string
}

/** The formats that `--output` chooses. */
const shortNames: Partial<Record<OutputFormat, FormatName>> = { env: 'dotenv', json: 'json', yaml: 'yaml' }

/** Validates the name of a Kubernetes object (an RFC 1123 subdomain). */
function objectName (text: string): string {
  if (/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) return text
  throw new InvalidArgumentError('Must consist of lower-case letters, digits, "-" and ".", and begin and end with a letter or a digit.')
}

/** Adds `secretsctl export`, which writes values to standard output in a chosen format. */
export function exportSecrets (command: Command, terminal: Terminal): void {
  withSelection(command)
    .addOption(new Option('--format <format>', 'the output format; -o env, -o json and -o yaml are short for dotenv, json and yaml').choices(Object.keys(formats)))
    .option('--name <name>', 'the name of the Kubernetes Secret', objectName, 'secrets')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const format = options.format ?? shortNames[formatOf(options)]
      if (format === undefined) throw new WrongUsage(`Specify the format with --format: ${Object.keys(formats).join(', ')}`)
      const refusal: Refusal = (variable) => formats[format].isEnvironment ? dangerOf(variable) : undefined
      const env = environmentOf(options, terminal)
      const selection = selectionFrom(options, terminal)
      const { variables, unaddressable } = await readVariables(gatewayOf(options, terminal), env, selection, refusal)
      printValues(terminal, Buffer.from(serialized(format, variables, options.name)))
      warnOfUnaddressable(terminal, unaddressable, env)
    })
  withExample(command, 'secretsctl export --env dev --prefix payments/ --format dotenv > .env')
}
