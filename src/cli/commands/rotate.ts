import type { Command } from 'commander'
import { secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'

interface Options extends GlobalOptions {
  stop?: boolean
  discardPending?: boolean
}

const route = '/environments/{env}/secrets/{name}/rotation'

/**
 * Adds `secretsctl rotate NAME`, which rotates a secret now. The secret's rotation must have been configured before. With
 * `--stop`, the command turns the secret's rotation off.
 */
export function rotate (command: Command, terminal: Terminal): void {
  command
    .argument('<name>', 'the secret\'s name', secretName)
    .option('--stop', 'stop rotating the secret')
    .option('--discard-pending', 'with --stop: also discard the version of a rotation that has not finished')
    .action(async (name: string, _: object, command: Command) => {
      const { stop = false, discardPending = false, ...options } = command.optsWithGlobals<Options>()
      if (discardPending && !stop) throw new WrongUsage('--discard-pending needs --stop')
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      if (stop) {
        const stopped = await reply(gateway.DELETE(route, { params: { path: { env, name }, query: { discardPending } } }))
        print(terminal, options, stopped, [`Stopped the rotation of ${name} in ${env}`])
        return
      }
      const started = await reply(gateway.POST(route, { params: { path: { env, name } } }))
      print(terminal, options, started, [
        `Started the rotation of ${name} in ${env}`,
        `Until it has succeeded, "secretsctl versions ${name}" shows AWSPENDING at the version ${started.versionId ?? ''}`,
        ...(started.warnings ?? []).map((warning) => `Warning: ${warning}`)
      ])
    })
  withExample(command, 'secretsctl rotate payments/db --env dev', 'secretsctl rotate payments/db --env dev --stop --discard-pending')
}
