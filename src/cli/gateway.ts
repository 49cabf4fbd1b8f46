import { createClient, type GatewayClient } from '#src/client/client'
import type { GlobalOptions } from './global-options.ts'
import { targetOf } from './profiles/target.ts'
import { CommandFailure, WrongUsage, type Terminal } from './terminal.ts'
import { isDots, shellWord } from './text.ts'

export { withExample, type GlobalOptions } from './global-options.ts'

/** Matches a bearer token, which can contain only visible ASCII characters. */
export const bearerToken = /^[\x21-\x7e]+$/

/** Creates a client for a gateway that the user is logging in to. */
export const gatewayWith = (url: string, token: string): GatewayClient => createClient({ url, token })

/**
 * Creates a client for the gateway that the options, the variables, the project file or the profile choose.
 *
 * @throws WrongUsage if no gateway is chosen, or there is no valid token
 * @throws CommandFailure if the profiles or the project file can't be used
 */
export function gatewayOf (options: GlobalOptions, terminal: Terminal): GatewayClient {
  const { url, token, login } = targetOf(options, terminal)
  if (token !== undefined && bearerToken.test(token)) return createClient({ url, token })
  if (token !== undefined) throw new WrongUsage('SECRETS_GATEWAY_TOKEN or --token is not a token: it has spaces or other characters that no token has')
  if (login === undefined) throw new CommandFailure(`You are not logged in to ${url}. Log in with: secretsctl login --url ${shellWord(url)}`)
  let source: (() => Promise<string>) | undefined
  return createClient({
    url,
    token: async () => {
      // Loaded on demand, because a token from an option or a variable needs neither a renewal nor the keyring.
      const { tokenSource } = await import('./profiles/credential.ts')
      source ??= tokenSource(login, terminal)
      return source()
    }
  })
}

/**
 * Returns the environment's name from the option, the variable, the project file or the profile.
 *
 * @throws WrongUsage if it is missing or invalid
 */
export function environmentOf (options: GlobalOptions, terminal: Terminal): string {
  return environmentNamed(chosenEnvironment(options, terminal))
}

/** Validates the name of an environment. @throws WrongUsage if it is missing or invalid */
export function environmentNamed (env = ''): string {
  if (env === '') {
    throw new WrongUsage('Specify an environment with --env, SECRETS_GATEWAY_ENV or .secretsctl.yaml; "secretsctl envs" lists those that you can see')
  }
  if (isDots(env)) throw new WrongUsage(`'${env}' is not a valid environment name`)
  return env
}

/** Returns the environment that a command is for, or undefined if nothing names one. */
export function chosenEnvironment (options: GlobalOptions, terminal: Terminal): string | undefined {
  const isNamed = (name: string | undefined): name is string => name !== undefined && name !== ''
  const given = [options.env, terminal.env.SECRETS_GATEWAY_ENV].find(isNamed)
  if (given !== undefined) return given
  const declared = terminal.project()?.environment
  if (isNamed(declared)) return declared
  return targetOf(options, terminal).environment
}
