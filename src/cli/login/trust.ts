import type { GlobalOptions } from '#src/cli/global-options'
import { namesFor, type Login, type Profiles } from '#src/cli/profiles/profiles'
import { confirm } from '#src/cli/prompt'
import { CommandFailure, type Terminal } from '#src/cli/terminal'
import { shellWord } from '#src/cli/text'
import type { MethodOptions, Way } from './methods.ts'

export interface LoginOptions extends GlobalOptions, MethodOptions {
  withToken?: boolean
  serverId?: string
  insecureStorage?: boolean
  yes?: boolean
}

/** A gateway to log in to. */
export interface Destination {
  url: string
  /** The project file that names the URL. Absent if the user has named the URL elsewhere, or has logged in there before. */
  stranger?: string
}

/** A reason why another gateway may obtain the login, and the option that accepts the risk. */
interface Doubt {
  reason: string
  accept: string
}

/**
 * Refuses to log in to a gateway that only a project file names, unless the user can be asked. Called before anything is sent to
 * the gateway.
 *
 * @throws CommandFailure
 */
export function assertNamed ({ url, stranger }: Destination, options: LoginOptions, { stdin }: Terminal): void {
  if (stranger === undefined || (stdin.isTTY === true && options.withToken !== true)) return
  throw new CommandFailure(
    `Only ${stranger} names the gateway ${url}, to which you have not logged in. Anybody can write such a file, so nothing was sent there`,
    `If you trust this gateway: ${commandFor(url, options)}`
  )
}

/**
 * Makes sure that the user means this gateway, and that it can't use the login at another gateway. A gateway states its own
 * issuer, resource or server ID. A malicious gateway could state another gateway's, to get a login that is valid there.
 *
 * On a terminal, asks a single question if the gateway is new to the user or doubtful. Without a terminal, refuses a doubtful
 * gateway.
 *
 * @param way undefined if the user is going to paste a token; that prompt shows the URL
 * @throws CommandFailure if the user declines, or can't be asked
 */
export async function assertIntended (
  { url, stranger }: Destination, way: Way | undefined, options: LoginOptions, profiles: Profiles, terminal: Terminal
): Promise<void> {
  const { stdin, stderr } = terminal
  const { serverId, yes = false } = options
  if (way?.kind === 'aws' && serverId !== undefined && serverId !== way.serverId) {
    throw new CommandFailure(`${url} has the server ID ${way.serverId}, not ${serverId}. Nothing was sent there`)
  }
  const doubts = doubtsAbout(url, way, profiles).filter(({ accept }) => accept === '--yes' ? !yes : serverId === undefined)
  const reasons = doubts.map(({ reason }) => reason)
  if (stdin.isTTY !== true && doubts.length > 0) {
    const accepted = [...new Set(doubts.map(({ accept }) => accept))]
    throw new CommandFailure(...reasons, `If that is right: ${[commandFor(url, options), ...accepted].join(' ')}`)
  }
  const isNew = namesFor(profiles, url).length === 0
  const method = methodName(way)
  const isAsked = stranger !== undefined || doubts.length > 0 || (isNew && way !== undefined && !yes)
  if (stdin.isTTY !== true || !isAsked) {
    if (way !== undefined) stderr.lines([`Logging in to ${url} with ${method}`])
    return
  }
  stderr.lines([...stranger === undefined ? [] : [`Only ${stranger} names this gateway, and anybody can write such a file`], ...reasons])
  if (!await confirm(terminal, `Log in to ${url}${isNew ? ' for the first time,' : ''} with ${method}?`)) {
    throw new CommandFailure(`You are not logged in to ${url}`)
  }
}

function methodName (way: Way | undefined): string {
  if (way === undefined) return 'a token'
  return way.kind === 'aws' ? 'your AWS identity' : `the issuer ${way.issuer.name} (${way.issuer.issuer})`
}

/** Returns true if a login was made by this method. Two gateways with the same method may accept each other's logins. */
const isMadeIn = (way: Way, credential: Login): boolean => way.kind === 'aws'
  ? credential.kind === 'aws' && credential.serverId === way.serverId
  : credential.kind === 'oidc' && credential.issuer === way.issuer.issuer && credential.clientId === way.issuer.clientId

function doubtsAbout (url: string, way: Way | undefined, profiles: Profiles): Doubt[] {
  if (way === undefined) return []
  const doubts = way.kind === 'oidc' ? elsewhere(url, way) : []
  const similar = Object.entries(profiles.profiles).filter(([, { credential }]) => isMadeIn(way, credential))
  // The user has accepted the same method at this URL before.
  if (similar.some(([, profile]) => profile.url === url)) return doubts
  const { host, hostname } = new URL(url)
  if (way.kind === 'aws' && ![host, hostname].includes(way.serverId.toLowerCase())) {
    doubts.push({
      reason: `${url} has the server ID ${way.serverId}, which is not its host. If that is another gateway's, this one could log in there as you`,
      accept: `--server-id ${shellWord(way.serverId)}`
    })
  }
  const [other] = similar
  if (other !== undefined) {
    const [name, profile] = other
    doubts.push({
      reason: `Your profile ${name}, for ${profile.url}, logs in with the same ${way.kind === 'aws' ? 'server ID' : 'issuer and client'}. ${url} could use your login there`,
      accept: '--yes'
    })
  }
  return doubts
}

/**
 * Returns a doubt for each other site at which the token would be valid, too. Targets that are not URLs, such as URNs, are
 * ignored.
 */
function elsewhere (url: string, { issuer: { scope, parameters } }: Extract<Way, { kind: 'oidc' }>): Doubt[] {
  const { origin } = new URL(url)
  const targets = [parameters.resource, parameters.audience, ...scope.split(' ')].flatMap((text) => URL.parse(text ?? '') ?? [])
  const foreign = targets.filter((target) => ['http:', 'https:'].includes(target.protocol) && target.origin !== origin).map(({ href }) => href)
  return [...new Set(foreign)].map((target) => ({ reason: `${url} wants a token for ${target}, which is another site. It could use the token there`, accept: '--yes' }))
}

/** Returns the command line with these options and the URL. */
export function commandFor (url: string, options: LoginOptions): string {
  const { profile, env, withToken, browser, device, aws, issuer, region, serverId, insecureStorage, yes } = options
  const flags = Object.entries({ 'with-token': withToken, browser, device, aws, 'insecure-storage': insecureStorage, yes })
    .flatMap(([name, isSet]) => isSet === true ? [`--${name}`] : [])
  const values = Object.entries({ url, profile, env, issuer, region, 'server-id': serverId })
    .flatMap(([name, value]) => value === undefined ? [] : [`--${name} ${shellWord(value)}`])
  return ['secretsctl login', ...values, ...flags].join(' ')
}
