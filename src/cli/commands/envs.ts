import type { Command } from 'commander'
import { chosenEnvironment, gatewayOf } from '#src/cli/gateway'
import { withExample, type GlobalOptions } from '#src/cli/global-options'
import { table } from '#src/cli/table'
import { print, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'

/** Adds `secretsctl envs`, which lists the environments that the caller may see. */
export function envs (command: Command, terminal: Terminal): void {
  command.action(async (_: object, command: Command) => {
    const options = command.optsWithGlobals<GlobalOptions>()
    const chosen = chosenEnvironment(options, terminal)
    const { items } = await reply(gatewayOf(options, terminal).GET('/environments'))
    const rows = items.map(({ name, region, account = '', deletionProtection }) =>
      [name === chosen ? '*' : '', name, region, account, deletionProtection ? 'protected against deletion' : ''])
    print(terminal, options, { items }, items.length === 0 ? ['You may see no environment: ask the platform team for access'] : table(['', 'NAME', 'REGION', 'ACCOUNT', ''], rows))
  })
  withExample(command, 'secretsctl envs')
}
