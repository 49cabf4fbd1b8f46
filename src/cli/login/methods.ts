import { createClient, GatewayProblem, reply } from '#src/client/client'
import type { WaysToLogIn } from '#src/authentication/ways-to-log-in'
import type { Credential } from '#src/cli/profiles/profiles'
import { CommandFailure, WrongUsage, type Terminal } from '#src/cli/terminal'

/** A login method that the gateway offers. `logIn` returns the credential that it obtains. */
export type Way = { logIn: () => Promise<Credential> } & (
  { kind: 'oidc', issuer: WaysToLogIn['oidc'][number] } | { kind: 'aws', serverId: string }
)

export interface MethodOptions {
  browser?: boolean
  device?: boolean
  aws?: boolean
  issuer?: string
  region?: string
}

/** Asks the gateway for its login methods. An older gateway does not have this route, and accepts only tokens. */
async function waysAt (url: string): Promise<WaysToLogIn> {
  try {
    return await reply(createClient({ url }).GET('/auth'))
  } catch (error) {
    if (error instanceof GatewayProblem && (error.status === 404 || error.status === 401)) return { oidc: [] }
    throw error
  }
}

/**
 * Returns the way to log in that the options choose. By default, it is the gateway's issuer, if there is exactly one.
 *
 * @returns undefined if the user has to paste a token
 * @throws CommandFailure if the gateway does not offer the chosen way
 * @throws GatewayProblem, GatewayUnreachable
 */
export async function wayFor (url: string, options: MethodOptions, terminal: Terminal): Promise<Way | undefined> {
  const { oidc, aws } = await waysAt(url)
  if (options.aws === true) return awsWay(url, options, aws)
  const { issuer: name } = options
  const issuers = oidc.filter((issuer) => name === undefined || issuer.name === name)
  const [issuer, ...others] = issuers
  const isAsked = options.browser === true || options.device === true || name !== undefined
  if (issuer === undefined && isAsked) {
    const names = oidc.map((each) => each.name)
    throw new CommandFailure(names.length === 0
      ? `${url} has no issuer for logging in: use a token that its administrators gave you, with --with-token`
      : `${url} has no issuer ${name ?? ''}. It has: ${names.join(', ')}`)
  }
  if (others.length > 0) throw new WrongUsage(`Specify the issuer with --issuer: ${issuers.map((each) => each.name).join(', ')}`)
  if (issuer !== undefined) return oidcWay(issuer, options, terminal)
  if (terminal.stdin.isTTY !== true) throw new WrongUsage('No terminal to ask for a token: --with-token reads it from standard input')
  return undefined
}

function awsWay (url: string, { region = process.env.AWS_REGION }: MethodOptions, aws: WaysToLogIn['aws']): Way {
  if (aws === undefined) throw new CommandFailure(`${url} does not let AWS identities log in: use another way, such as --with-token`)
  const { serverId, regions } = aws
  const chosen = region !== undefined && regions.includes(region) ? region : regions[0] ?? ''
  return { kind: 'aws', serverId, logIn: async () => (await import('./aws.ts')).logInWithAws({ url, serverId, region: chosen }) }
}

function oidcWay (issuer: WaysToLogIn['oidc'][number], { browser, device }: MethodOptions, terminal: Terminal): Way {
  const logIn = async (): Promise<Credential> => {
    const { issuerAt, logInWithDevice } = await import('./openid.ts')
    const { hasBrowser, logInWithBrowser } = await import('./browser.ts')
    const configuration = await issuerAt(issuer)
    const hasDeviceFlow = configuration.serverMetadata().device_authorization_endpoint !== undefined
    if (device === true && !hasDeviceFlow) throw new CommandFailure(`The issuer ${issuer.name} has no login with another device: use --browser`)
    const usesDevice = device === true || (browser !== true && hasDeviceFlow && !hasBrowser(terminal.env))
    return usesDevice ? logInWithDevice(issuer, configuration, terminal) : logInWithBrowser(issuer, configuration, terminal)
  }
  return { kind: 'oidc', issuer, logIn }
}
