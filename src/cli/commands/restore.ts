import type { Command } from 'commander'
import { secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { print, type Terminal } from '#src/cli/terminal'
import { printWarnings } from '#src/cli/warnings'
import { reply } from '#src/client/client'

/** Adds `secretsctl restore NAME`. */
export function restore (command: Command, terminal: Terminal): void {
  command
    .argument('<name>', 'the secret\'s name', secretName)
    .action(async (name: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const env = environmentOf(options, terminal)
      const restored = await reply(gatewayOf(options, terminal).POST('/environments/{env}/secrets/{name}/restore', { params: { path: { env, name } } }))
      print(terminal, options, restored, [`Restored ${name} in ${env}`])
      printWarnings(terminal, options, restored.warnings)
    })
  withExample(command, 'secretsctl restore payments/db --env dev')
}
