import type { Command } from 'commander'
import { chosenEnvironment, gatewayOf } from '#src/cli/gateway'
import { withExample, type GlobalOptions } from '#src/cli/global-options'
import { storageOf } from '#src/cli/profiles/in-keyring'
import { targetOf } from '#src/cli/profiles/target'
import { print, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'
import { compact } from '#src/json/compact'

/** Adds `secretsctl whoami`, which shows the gateway and the caller, and which option, variable or file chose them. */
export function whoami (command: Command, terminal: Terminal): void {
  command.action(async (_: object, command: Command) => {
    const options = command.optsWithGlobals<GlobalOptions>()
    const { url, from, login } = targetOf(options, terminal)
    const environment = chosenEnvironment(options, terminal)
    const caller = await reply(gatewayOf(options, terminal).GET('/auth/caller'))
    const storage = login === undefined ? undefined : storageOf(login.profile.credential)
    const result = compact({ gateway: url, gatewayFrom: from, profile: login?.name, storage, environment, ...caller })
    print(terminal, options, result, [
      `gateway:      ${url}  (${from})`,
      ...login === undefined ? [] : [`profile:      ${login.name}  (its token is in ${storage === 'keyring' ? 'the keyring' : 'a file'})`],
      ...environment === undefined ? [] : [`environment:  ${environment}`],
      `caller:       ${caller.id}  (${caller.method})`,
      ...caller.groups.length === 0 ? [] : [`groups:       ${caller.groups.join(', ')}`]
    ])
  })
  withExample(command, 'secretsctl whoami')
}
