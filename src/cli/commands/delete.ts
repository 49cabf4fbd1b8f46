import type { Command } from 'commander'
import { wholeNumberOf, secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { confirm } from '#src/cli/prompt'
import { CommandFailure, print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'

interface Options extends GlobalOptions {
  yes?: boolean
  force?: boolean
  recoveryDays?: number
}

/** `secretsctl delete NAME`: asks first, and says until when it can be taken back. */
export function remove (program: Command, terminal: Terminal): void {
  const command = program.command('delete')
    .description('delete a secret, which can be restored for a time')
    .argument('<name>', 'the secret\'s name', secretName)
    .option('--yes', 'do not ask')
    .option('--recovery-days <days>', 'how long it can be restored, 7 to 30; else as the environment says', wholeNumberOf('days'))
    .option('--force', 'at once and for good')
    .action(async (name: string, _: object, command: Command) => {
      const { yes, force, recoveryDays: recoveryWindowInDays, ...options } = command.optsWithGlobals<Options>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options)]
      if (yes !== true) {
        if (terminal.stdin.isTTY !== true) throw new WrongUsage('There is no terminal to ask at: --yes deletes without asking')
        const isSure = await confirm(terminal, `Delete ${name} in ${env}${force === true ? ' at once, for good' : ''}?`)
        if (!isSure) throw new CommandFailure('Nothing was deleted')
      }
      const deleted = await reply(gateway.DELETE('/environments/{env}/secrets/{name}', {
        params: {
          path: { env, name },
          query: { ...(force !== undefined && { force }), ...(recoveryWindowInDays !== undefined && { recoveryWindowInDays }) }
        }
      }))
      print(terminal, options, deleted, [force === true
        ? `Deleted ${name} in ${env} for good`
        : `Deleted ${name} in ${env}. Until ${deleted.deletionDate} it can be restored: secretsctl restore ${name} --env ${env}`])
    })
  withExample(command, 'secretsctl delete payments/db --env dev --recovery-days 7')
}
