import type { Command } from 'commander'
import { secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { print, type Terminal } from '#src/cli/terminal'
import { printWarnings } from '#src/cli/warnings'
import { reply } from '#src/client/client'

/** Adds `secretsctl restore NAME`. */
export function restore (program: Command, terminal: Terminal): void {
  const command = program.command('restore')
    .description('restore a secret that is scheduled for deletion')
    .argument('<name>', 'the secret\'s name', secretName)
    .action(async (name: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const env = environmentOf(options)
      const restored = await reply(gatewayOf(options, terminal).POST('/environments/{env}/secrets/{name}/restore', { params: { path: { env, name } } }))
      print(terminal, options, restored, [`Restored ${name} in ${env}`])
      printWarnings(terminal, options, restored.warnings)
    })
  withExample(command, 'secretsctl restore payments/db --env dev')
}
