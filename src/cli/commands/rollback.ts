import type { Command } from 'commander'
import { secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { print, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'

/** Adds `secretsctl rollback NAME`. */
export function rollback (command: Command, terminal: Terminal): void {
  command
    .argument('<name>', 'the secret\'s name', secretName)
    .option('--to <version>', 'the version to roll back to; default: the previous one')
    .action(async (name: string, _: object, command: Command) => {
      const { to, ...options } = command.optsWithGlobals<GlobalOptions & { to?: string }>()
      const env = environmentOf(options, terminal)
      const written = await reply(gatewayOf(options, terminal).POST('/environments/{env}/secrets/{name}/rollback', {
        params: { path: { env, name } },
        body: to === undefined ? {} : { versionId: to }
      }))
      print(terminal, options, written, [`Rolled back ${name} in ${env} to version ${written.versionId ?? ''}`])
    })
  withExample(command, 'secretsctl rollback payments/db --env dev')
}
