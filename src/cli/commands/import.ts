import { Option, type Command } from 'commander'
import { buffer } from 'node:stream/consumers'
import { namePrefix, secretName } from '#src/cli/arguments'
import { planAndCreate } from '#src/cli/bulk-plan'
import { contentOf } from '#src/cli/file-content'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { entriesIn, formatOfFile, importFormats, type ImportFormat } from '#src/cli/import-file'
import { CommandFailure, WrongUsage, type Terminal } from '#src/cli/terminal'
import { isDots } from '#src/cli/text'
import { memberText } from '#src/json/field'

interface Options extends GlobalOptions {
  format?: ImportFormat
  prefix?: string
  into?: string
  onConflict: 'fail' | 'skip' | 'update'
  yes?: boolean
  dryRun?: boolean
}

/** Adds `secretsctl import FILE`, which creates secrets from a file. It shows the plan and asks for confirmation first. */
export function importFile (command: Command, terminal: Terminal): void {
  command
    .argument('<file>', 'a file of variables (.env), JSON or YAML; "-" reads standard input')
    .addOption(new Option('--format <format>', 'the file\'s format; default: that of its name').choices(importFormats))
    .option('--prefix <prefix>', 'begin the names of the secrets with this, such as payments/; default: the prefix in .secretsctl.yaml', namePrefix)
    .option('--into <name>', 'create one secret with this name, whose value is a JSON object of everything in the file', secretName)
    .addOption(new Option('--on-conflict <policy>', 'what to do with a secret that exists already').choices(['fail', 'skip', 'update']).default('skip'))
    .option('--yes', 'do not ask for confirmation')
    .option('--dry-run', 'only show the plan')
    .action(async (file: string, _: object, command: Command) => {
      const { prefix, into, onConflict, yes, dryRun = false, ...options } = command.optsWithGlobals<Options>()
      const { format = formatOfFile(file) } = options
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      if (format === undefined) throw new WrongUsage(`The name of ${file} does not tell its format: add --format ${importFormats.join(', --format ')}`)
      if (into !== undefined && prefix !== undefined) throw new WrongUsage('Choose either --into or --prefix')
      if (file === '-' && yes !== true && !dryRun) throw new WrongUsage('A file on standard input needs --yes or --dry-run, since nobody can answer a question there')
      const bytes = file === '-' ? await buffer(terminal.stdin) : contentOf(file)
      const entries = entriesIn(bytes.toString(), format)
      const secrets = into === undefined
        ? Object.entries(entries).map(([key, member]) => ({ name: nameFor(key, prefix ?? terminal.project()?.prefix ?? ''), value: memberText(member) }))
        : [{ name: into, value: JSON.stringify(entries) }]
      const empty = secrets.find(({ value }) => value === '')
      if (empty !== undefined) throw new CommandFailure(`${empty.name} would have an empty value, which AWS does not store: remove it from the file`)
      await planAndCreate(gateway, env, { secrets, onConflict }, { ...options, dryRun, asks: yes !== true }, terminal)
    })
  withExample(command,
    'secretsctl import .env --env dev --prefix payments/',
    'secretsctl import db.yaml --env dev --into payments/db --on-conflict update --dry-run')
}

function nameFor (key: string, prefix: string): string {
  const name = `${prefix}${key}`
  if (key === '' || isDots(name)) throw new CommandFailure('The file has a key that can\'t be the name of a secret')
  return name
}
