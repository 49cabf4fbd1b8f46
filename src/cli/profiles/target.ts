import type { GlobalOptions } from '#src/cli/global-options'
import { compact } from '#src/json/compact'
import { CommandFailure, WrongUsage, type Terminal } from '#src/cli/terminal'
import { namesFor, profileNamed, urlFrom, type Profile, type Profiles } from './profiles.ts'
import { readProfiles } from './store.ts'

/** The gateway that a command talks to. */
export interface Target {
  url: string
  /** The option, variable, file or profile that determined the URL, for messages. */
  from: string
  /** A token from the command line or a variable. */
  token?: string
  /** The environment of the profile with this URL, if it has one. */
  environment?: string
  /** The profile whose login is used if `token` is absent. It always has this URL. */
  login?: { name: string, profile: Profile }
}

/** The choice of a gateway: its source, and either a URL or the name of a profile. */
interface Choice {
  from: string
  url?: string | undefined
  profile?: string | undefined
  /** True if the choice comes from a project file, which somebody else may have written. */
  isForeign?: boolean
}

const isGiven = ({ url = '', profile = '' }: Choice): boolean => url !== '' || profile !== ''

/**
 * Returns the choice of the gateway. The option takes precedence, followed by the variable, the project file and the current
 * profile.
 */
function choiceOf ({ url, profile }: GlobalOptions, terminal: Terminal, profiles: Profiles): Choice | undefined {
  const { env } = terminal
  const given = [
    { from: '--url', url }, { from: '--profile', profile },
    { from: 'SECRETS_GATEWAY_URL', url: env.SECRETS_GATEWAY_URL }, { from: 'SECRETS_GATEWAY_PROFILE', profile: env.SECRETS_GATEWAY_PROFILE }
  ].find(isGiven)
  if (given !== undefined) return given
  const project = terminal.project()
  const ofProject = { from: project?.file ?? '', url: project?.gateway, profile: project?.profile, isForeign: true }
  return [ofProject, { from: 'the current profile', profile: profiles.current }].find(isGiven)
}

/**
 * Decides which gateway a command talks to, and with which login. Nothing is sent.
 *
 * A token is sent only to the URL that it is meant for. So a login is used only for the URL of its profile. A token in an option
 * or a variable is not sent to a URL that only a project file names, because somebody else may have written the file. The user
 * must have named the same URL in an option or a variable, or must have logged in there.
 *
 * @throws WrongUsage if no gateway is chosen, or the choice is invalid
 * @throws CommandFailure if the profiles or the project file can't be used, or if the token must not be sent
 */
export function targetOf (options: GlobalOptions, terminal: Terminal): Target {
  const profiles = readProfiles(terminal.env)
  const choice = choiceOf(options, terminal, profiles)
  if (choice === undefined) {
    throw new WrongUsage('No gateway is chosen. Log in once with: secretsctl login --url https://secrets.example.com\n' +
      'Or specify the gateway with --url or SECRETS_GATEWAY_URL')
  }
  const { from, isForeign = false } = choice
  const named = profileOf(choice, profiles)
  const url = named?.profile.url ?? urlFrom(choice.url ?? '')
  if (url === undefined) {
    throw new WrongUsage(`'${choice.url ?? ''}' is not an HTTP URL. Specify the gateway with --url or SECRETS_GATEWAY_URL, such as https://secrets.example.com`)
  }
  // An explicit profile is more specific than the variable with a token, as in AWS's command line.
  const given = options.token ?? (from === '--profile' ? '' : terminal.env.SECRETS_GATEWAY_TOKEN ?? '')
  const token = given === '' ? undefined : given
  const [first] = namesFor(profiles, url)
  const login = named ?? (first === undefined ? undefined : profileOf({ from, profile: first }, profiles))
  if (token !== undefined && isForeign && login === undefined) {
    throw new CommandFailure(
      `${from} names the gateway ${url}, to which you have not logged in. Your token is not sent there, because anybody can write such a file`,
      `If you trust this gateway: secretsctl login --url ${url}, or set SECRETS_GATEWAY_URL=${url}`
    )
  }
  return compact({ url, from, token, environment: login?.profile.environment, login: token === undefined ? login : undefined })
}

function profileOf ({ from, profile: name = '' }: Choice, profiles: Profiles): Target['login'] {
  if (name === '') return undefined
  const profile = profileNamed(profiles, name)
  if (profile !== undefined) return { name, profile }
  const names = Object.keys(profiles.profiles)
  const known = names.length === 0 ? 'You have not logged in yet' : `Your profiles: ${names.join(', ')}`
  throw new WrongUsage(`There is no profile ${name}, which ${from} names. ${known}. Create it with: secretsctl login --profile ${name} --url https://secrets.example.com`)
}
