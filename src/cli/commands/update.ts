import type { Command } from 'commander'
import { secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { print, type Terminal } from '#src/cli/terminal'
import { readValue, withValue } from '#src/cli/value'
import { reply } from '#src/client/client'

interface Options extends GlobalOptions {
  fromFile?: string
  ifVersion?: string
}

/** Adds `secretsctl update NAME [VALUE]`, which requires the secret to exist. */
export function update (command: Command, terminal: Terminal): void {
  withValue(command.argument('<name>', 'the secret\'s name', secretName))
    .option('--if-version <id>', 'write only if this version is the current one')
    .action(async (name: string, argument: string | undefined, _: object, command: Command) => {
      const { fromFile, ifVersion, ...options } = command.optsWithGlobals<Options>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      const body = await readValue(argument, fromFile, terminal)
      const written = await reply(gateway.PUT('/environments/{env}/secrets/{name}', {
        params: { path: { env, name }, header: { 'if-match': ifVersion === undefined ? '*' : `"${ifVersion}"` } },
        body
      }))
      print(terminal, options, written, [
        written.unchanged === true ? `${name} in ${env} already has that value` : `Updated ${name} in ${env}, version ${written.versionId ?? ''}`
      ])
    })
  withExample(command, 'secretsctl update payments/db --env dev --from-file db.json')
}
