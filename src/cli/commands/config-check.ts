import type { Command } from 'commander'
import { expiryOf } from '#src/authentication/api-keys'
import { withExample } from '#src/cli/gateway'
import { CommandFailure, print, type Terminal } from '#src/cli/terminal'
import type { Config } from '#src/config/config'

/** @throws CommandFailure with what is wrong with the file */
async function checked (file: string): Promise<Config> {
  // Not at every start of the program: it brings Cedar along.
  const [{ loadConfig }, { ConfigError }] = await Promise.all([import('#src/config/load'), import('#src/config/issues')])
  try {
    return loadConfig(file)
  } catch (error) {
    throw error instanceof ConfigError ? new CommandFailure(error.message) : error
  }
}

/** `secretsctl config check FILE`: what the gateway would say of the file at its start. */
export function configCheck (config: Command, terminal: Terminal): void {
  const command = config.command('check')
    .description('check a configuration file, and what it names, without starting')
    .argument('<file>', 'the YAML file')
    .action(async (file: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<{ json?: boolean }>()
      const { environments, authentication: { apiKeys } } = await checked(file)
      // No mistake: a gateway must start again also after a key has run out.
      for (const { id, expires = '' } of apiKeys.filter((key) => expiryOf(key) <= Date.now())) {
        terminal.stderr.write(`Warning: an API key of ${id} has expired: ${expires}\n`)
      }
      const names = [...environments.keys()]
      print(terminal, options, { valid: true, environments: names }, [`${file} is valid; environments: ${names.join(', ')}`])
    })
  withExample(command, 'secretsctl config check gateway.yaml')
}
