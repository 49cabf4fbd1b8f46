import type { Command } from 'commander'
import { pair, secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { print, type Terminal } from '#src/cli/terminal'
import { readValue, withValue } from '#src/cli/value'
import { printWarnings } from '#src/cli/warnings'
import { reply } from '#src/client/client'

interface Options extends GlobalOptions {
  fromFile?: string
  description?: string
  tag?: Record<string, string>
}

/** Adds `secretsctl create NAME [VALUE]`. */
export function create (command: Command, terminal: Terminal): void {
  withValue(command.argument('<name>', 'the secret\'s name', secretName))
    .option('--description <text>', 'the secret\'s description')
    .option('--tag <key=value>', 'a tag (repeatable)', pair)
    .action(async (name: string, argument: string | undefined, _: object, command: Command) => {
      const { fromFile, description, tag: tags, ...options } = command.optsWithGlobals<Options>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      const value = await readValue(argument, fromFile, terminal)
      const written = await reply(gateway.POST('/environments/{env}/secrets/{name}', {
        params: { path: { env, name } },
        body: { ...value, ...(description !== undefined && { description }), ...(tags !== undefined && { tags }) }
      }))
      print(terminal, options, written, [`Created ${name} in ${env}, version ${written.versionId ?? ''}`])
      printWarnings(terminal, options, written.warnings)
    })
  withExample(command, 'secretsctl create payments/db --env dev --from-file db.json', 'openssl rand -hex 32 | secretsctl create session-key - --env dev')
}
