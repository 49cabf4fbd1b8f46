import type { Command } from 'commander'
import { secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { allItems } from '#src/cli/pages'
import { table } from '#src/cli/table'
import { print, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'

/** Adds `secretsctl versions NAME`. */
export function versions (command: Command, terminal: Terminal): void {
  command
    .argument('<name>', 'the secret\'s name', secretName)
    .action(async (name: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      const items = await allItems(async (cursor) => reply(gateway.GET('/environments/{env}/secrets/{name}/versions', {
        params: { path: { env, name }, query: { limit: 100, ...cursor } }
      })))
      print(terminal, options, { items }, table(['VERSION', 'STAGES', 'CREATED'], items.map(
        ({ versionId, versionStages = [], createdDate = '', hasValue }) =>
          [versionId, versionStages.join(' '), hasValue === false ? 'has no value yet' : createdDate])))
    })
  withExample(command, 'secretsctl versions payments/db --env dev')
}
