import { resolve } from 'node:path'
import type { Command } from 'commander'
import { expiryOf } from '#src/authentication/api-keys'
import { configIn } from '#src/cli/configuration'
import { withExample } from '#src/cli/gateway'
import type { OutputOptions } from '#src/cli/output-format'
import { CommandFailure, print, type Terminal } from '#src/cli/terminal'
import type { Config } from '#src/config/config'

/**
 * Loads and validates a configuration file, and checks the audit trail. Also returns warnings about the file.
 *
 * @throws CommandFailure with the errors in the file
 */
async function validConfig (file: string, env: NodeJS.ProcessEnv): Promise<{ config: Config, warnings: string[] }> {
  const [{ overlapWarnings }, { checkTrail }, { UnusableTrail }, { missingKeyWarnings }] = await Promise.all([
    import('#src/config/overlaps'), import('#src/audit/check'), import('#src/audit/settings'), import('#src/aws/missing-keys')
  ])
  const config = await configIn(file)
  try {
    await checkTrail(config.audit, resolve(env.GATEWAY_DATA_DIR ?? '.gateway'))
  } catch (error) {
    throw error instanceof UnusableTrail ? new CommandFailure(...error.message.split('\n')) : error
  }
  return { config, warnings: [...overlapWarnings(config), ...await missingKeyWarnings(config.credentials)] }
}

/** Adds `secretsctl config check FILE`, which validates the file as the gateway does at startup. */
export function configCheck (command: Command, terminal: Terminal): void {
  command
    .argument('<file>', 'the YAML file')
    .action(async (file: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<OutputOptions>()
      const { config: { environments, authentication: { apiKeys } }, warnings } = await validConfig(file, terminal.env)
      terminal.stderr.lines(warnings.map((warning) => `Warning: ${warning}`))
      // An expired key only causes a warning, because the gateway must still be able to restart after a key has expired.
      for (const { id, expires = '' } of apiKeys.filter((key) => expiryOf(key) <= Date.now())) {
        terminal.stderr.lines([`Warning: an API key of ${id} has expired: ${expires}`])
      }
      const names = [...environments.keys()]
      print(terminal, options, { valid: true, environments: names }, [`${file} is valid; environments: ${names.join(', ')}`])
    })
  withExample(command, 'secretsctl config check gateway.yaml')
}
