import type { Command } from 'commander'
import { namePrefix } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { listSecrets } from '#src/cli/listing'
import { warnOfUnaddressable } from '#src/cli/results'
import { styleFrom, table } from '#src/cli/table'
import { print, type Terminal } from '#src/cli/terminal'

interface Options extends GlobalOptions {
  prefix?: string
  deleted?: boolean
}

const colours = { placeholder: 'yellow', 'pending-deletion': 'red' } as const

/** Adds `secretsctl list`, which prints secrets' metadata, never their values. */
export function list (command: Command, terminal: Terminal): void {
  command
    .option('--prefix <prefix>', 'only names that begin with this prefix', namePrefix)
    .option('--deleted', 'include secrets scheduled for deletion')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      const { secrets: items, unaddressable } = await listSecrets(gateway, env, options)
      const rows = items.map(({ name, state, lastChangedDate = '', description = '' }) => [name, state, lastChangedDate, description])
      const lines = table(['NAME', 'STATE', 'CHANGED', 'DESCRIPTION'], rows, styleFrom(colours))
      print(terminal, options, { items, ...unaddressable > 0 && { unaddressable } }, lines)
      warnOfUnaddressable(terminal, unaddressable)
    })
  withExample(command, 'secretsctl list --env dev --prefix payments/')
}
