import { Option, type Command } from 'commander'
import { pair, secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { print, type Terminal } from '#src/cli/terminal'
import { readValue, withValue } from '#src/cli/value'
import { printWarnings } from '#src/cli/warnings'
import { reply } from '#src/client/client'
import { compact } from '#src/json/compact'
import { valueTypes, type ValueTypeName } from '#src/secrets/value-type-names'

interface Options extends GlobalOptions {
  fromFile?: string
  type?: ValueTypeName
  description?: string
  tag?: Record<string, string>
}

/** Adds `secretsctl create NAME [VALUE]`. */
export function create (command: Command, terminal: Terminal): void {
  withValue(command.argument('<name>', 'the secret\'s name', secretName))
    .addOption(new Option('--type <type>', 'check the value first: rds, documentdb, redshift and database need AWS\'s JSON structure for credentials, ' +
    'key-value an object of strings').choices(valueTypes))
    .option('--description <text>', 'the secret\'s description')
    .option('--tag <key=value>', 'a tag (repeatable)', pair)
    .action(async (name: string, argument: string | undefined, _: object, command: Command) => {
      const { fromFile, type, description, tag: tags, ...options } = command.optsWithGlobals<Options>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      const value = await readValue(argument, fromFile, terminal, type === 'binary')
      const written = await reply(gateway.POST('/environments/{env}/secrets/{name}', {
        params: { path: { env, name } },
        body: { ...value, ...compact({ type, description, tags }) }
      }))
      print(terminal, options, written, [`Created ${name} in ${env}, version ${written.versionId ?? ''}`])
      printWarnings(terminal, options, written.warnings)
    })
  withExample(command,
    'secretsctl create payments/db --env dev --type rds --from-file db.json',
    'openssl rand -hex 32 | secretsctl create session-key - --env dev')
}
