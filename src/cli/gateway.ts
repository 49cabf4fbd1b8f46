import type { Command } from 'commander'
import { createClient, type GatewayClient } from '#src/client/client'
import { WrongUsage, type Terminal } from './terminal.ts'
import { isDots } from './text.ts'

/** The options that every command accepts. */
export interface GlobalOptions {
  url?: string
  token?: string
  env?: string
  json?: boolean
}

/** Adds the options that every command accepts. They can stand before or after the command's name. */
export function withGlobalOptions (program: Command): Command {
  return program
    .option('--url <url>', 'the gateway\'s URL (default: SECRETS_GATEWAY_URL)')
    .option('--token <token>', 'the API key or other token; prefer SECRETS_GATEWAY_TOKEN, since other users can see command lines')
    .option('--env <environment>', 'the environment')
    .option('--json', 'print JSON')
}

/**
 * Creates a client for the gateway that the options or the environment variables specify.
 *
 * @throws WrongUsage if the URL or the token is missing or invalid
 */
export function gatewayOf ({ url, token }: GlobalOptions, { env }: Terminal): GatewayClient {
  const address = url ?? env.SECRETS_GATEWAY_URL ?? ''
  const bearer = token ?? env.SECRETS_GATEWAY_TOKEN ?? ''
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    const found = address === '' ? '' : `'${address}' is not an HTTP URL. `
    throw new WrongUsage(`${found}Specify the gateway with --url or SECRETS_GATEWAY_URL, such as https://secrets.example.com`)
  }
  // A bearer token can contain only visible ASCII characters.
  if (!/^[\x21-\x7e]+$/.test(bearer)) throw new WrongUsage('Specify an API key or another token with SECRETS_GATEWAY_TOKEN or --token')
  return createClient({ url: address, token: bearer })
}

/**
 * Returns the environment's name from `--env`.
 *
 * @throws WrongUsage if it is missing or invalid
 */
export function environmentOf ({ env }: GlobalOptions): string {
  if (env === undefined || env === '') throw new WrongUsage('Specify an environment with --env')
  if (isDots(env)) throw new WrongUsage(`'${env}' is not a valid environment name`)
  return env
}

/** Adds examples to a command's help. */
export function withExample (command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', ['', 'Example:', ...lines.map((line) => `  ${line}`)].join('\n'))
}
