import type { Command } from 'commander'
import { createClient, type GatewayClient } from '#src/client/client'
import { WrongUsage, type Terminal } from './terminal.ts'
import { isDots } from './text.ts'

/** The options of the program itself, which every command has. */
export interface GlobalOptions {
  url?: string
  token?: string
  env?: string
  json?: boolean
}

/** Adds the options that every command has; before or after the command's name. */
export function withGlobalOptions (program: Command): Command {
  return program
    .option('--url <url>', 'where the gateway listens; else SECRETS_GATEWAY_URL')
    .option('--token <token>', 'who asks; better SECRETS_GATEWAY_TOKEN, which other users of the machine can\'t see')
    .option('--env <environment>', 'the environment')
    .option('--json', 'print JSON')
}

/**
 * A client for the gateway that is meant.
 *
 * @throws WrongUsage where its address or the token is missing
 */
export function gatewayOf ({ url, token }: GlobalOptions, { env }: Terminal): GatewayClient {
  const address = url ?? env.SECRETS_GATEWAY_URL ?? ''
  const bearer = token ?? env.SECRETS_GATEWAY_TOKEN ?? ''
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    const found = address === '' ? '' : `'${address}' is no URL of one. `
    throw new WrongUsage(`Which gateway? ${found}Set --url or SECRETS_GATEWAY_URL to something like https://secrets.example.com`)
  }
  // What is no token can't be a header either.
  if (!/^[\x21-\x7e]+$/.test(bearer)) throw new WrongUsage('Who asks? Set SECRETS_GATEWAY_TOKEN, or --token, to an API key or another token')
  return createClient({ url: address, token: bearer })
}

/** @throws WrongUsage where none was given, or what can't be one */
export function environmentOf ({ env }: GlobalOptions): string {
  if (env === undefined || env === '') throw new WrongUsage('Which environment? Name it with --env')
  if (isDots(env)) throw new WrongUsage(`'${env}' is no name of an environment`)
  return env
}

/** Adds an example to a command's help. */
export function withExample (command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', ['', 'Example:', ...lines.map((line) => `  ${line}`)].join('\n'))
}
