import type { Config } from '#src/config/config'
import type { Environment } from '#src/environments/environment'
import { CommandFailure, WrongUsage } from './terminal.ts'

/**
 * Loads and validates a configuration file. Imports the loader dynamically, because it loads Cedar's WebAssembly, which would
 * slow down every other command.
 *
 * @throws CommandFailure with the errors in the file
 */
export async function configIn (file: string): Promise<Config> {
  const [{ loadConfig }, { ConfigError }] = await Promise.all([import('#src/config/load'), import('#src/config/issues')])
  try {
    return loadConfig(file)
  } catch (error) {
    throw error instanceof ConfigError ? new CommandFailure(...error.message.split('\n')) : error
  }
}

/** Returns an environment of a configuration. @throws WrongUsage if no environment has this name */
export function environmentIn ({ environments }: Config, name: string): Environment {
  const environment = environments.get(name)
  if (environment === undefined) throw new WrongUsage(`The configuration has no environment '${name}', only: ${[...environments.keys()].join(', ')}`)
  return environment
}
