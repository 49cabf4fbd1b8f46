import type { Command } from 'commander'
import { secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { print, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'

/** Adds `secretsctl rotate NAME`, which starts a rotation that is already configured. */
export function rotate (program: Command, terminal: Terminal): void {
  const command = program.command('rotate')
    .description('rotate a secret now')
    .argument('<name>', 'the secret\'s name', secretName)
    .action(async (name: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const env = environmentOf(options)
      const started = await reply(gatewayOf(options, terminal).POST('/environments/{env}/secrets/{name}/rotation', { params: { path: { env, name } } }))
      print(terminal, options, started, [`Started the rotation of ${name} in ${env}`])
    })
  withExample(command, 'secretsctl rotate payments/db --env dev')
}
