import type { Command } from 'commander'
import { positiveInteger, secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { confirm } from '#src/cli/prompt'
import { CommandFailure, print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'
import { compact } from '#src/json/compact'

interface Options extends GlobalOptions {
  yes?: boolean
  force?: boolean
  detachReplicas?: boolean
  recoveryDays?: number
}

/**
 * Adds `secretsctl delete NAME`, which deletes a secret. It asks for confirmation first, unless `--yes` is set. Afterwards, it
 * prints the date until which the secret can be restored, unless `--force` is set.
 */
export function remove (command: Command, terminal: Terminal): void {
  command
    .argument('<name>', 'the secret\'s name', secretName)
    .option('--yes', 'do not ask for confirmation')
    .option('--recovery-days <days>', 'the recovery window, 7 to 30 days; default: the environment\'s', positiveInteger('whole number of days'))
    .option('--force', 'delete permanently, without a recovery window')
    .option('--detach-replicas', 'first delete the secret\'s replicas in other regions permanently')
    .action(async (name: string, _: object, command: Command) => {
      const { yes, force, detachReplicas, recoveryDays: recoveryWindowInDays, ...options } = command.optsWithGlobals<Options>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      if (yes !== true) {
        if (terminal.stdin.isTTY !== true) throw new WrongUsage('No terminal to ask for confirmation: --yes deletes without asking')
        const isSure = await confirm(terminal, `Delete ${name} in ${env}${force === true ? ' permanently' : ''}${detachReplicas === true ? ', and its replicas permanently' : ''}?`)
        if (!isSure) throw new CommandFailure('Nothing was deleted')
      }
      const deleted = await reply(gateway.DELETE('/environments/{env}/secrets/{name}', {
        params: {
          path: { env, name },
          query: compact({ force, detachReplicas, recoveryWindowInDays })
        }
      }))
      print(terminal, options, deleted, [force === true
        ? `Deleted ${name} in ${env} permanently`
        : `Deleted ${name} in ${env}. It can be restored until ${deleted.deletionDate}: secretsctl restore ${name} --env ${env}`])
    })
  withExample(command, 'secretsctl delete payments/db --env dev --recovery-days 7')
}
