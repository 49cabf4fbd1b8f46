import type { Command } from 'commander'
import { text } from 'node:stream/consumers'
import { environmentName } from '#src/cli/arguments'
import { bearerToken, gatewayWith } from '#src/cli/gateway'
import { withExample } from '#src/cli/global-options'
import { NoKeyring } from '#src/cli/keyring/keyring'
import { wayFor } from '#src/cli/login/methods'
import { assertIntended, assertNamed, commandFor, type Destination, type LoginOptions } from '#src/cli/login/trust'
import { entryFor, removeFromKeyring, isInKeyring, storeInKeyring, keyringFailure, storageOf, strayEntryLines } from '#src/cli/profiles/in-keyring'
import {
  isPrivate, namesFor, profileName, profileNamed, urlFrom, type Credential, type Profile, type Profiles, type StoredCredential
} from '#src/cli/profiles/profiles'
import { changeProfiles, profilesFile, readProfiles } from '#src/cli/profiles/store'
import { askSecret, askText } from '#src/cli/prompt'
import { CommandFailure, print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { reply } from '#src/client/client'

/**
 * Returns the gateway to log in to. It comes from the option, the variable, the named profile, the project file, the current
 * profile, or the user's answer to a question.
 */
async function destinationOf ({ url, profile }: LoginOptions, profiles: Profiles, terminal: Terminal): Promise<Destination> {
  const project = terminal.project()
  const urlOfProfile = (name?: string): string | undefined => name === undefined ? undefined : profileNamed(profiles, name)?.url
  const isGiven = (candidate: string | undefined): candidate is string => candidate !== undefined && candidate !== ''
  const own = [url, urlOfProfile(profile), terminal.env.SECRETS_GATEWAY_URL, urlOfProfile(project?.profile)].find(isGiven)
  const chosen = own ?? project?.gateway ?? (profile === undefined ? urlOfProfile(profiles.current) : undefined)
  if (chosen === undefined && terminal.stdin.isTTY !== true) {
    throw new WrongUsage('Specify the gateway with --url, such as https://secrets.example.com')
  }
  const text = chosen ?? await askText(terminal, 'URL of the gateway: ')
  const normalized = urlFrom(text)
  if (normalized === undefined) throw new WrongUsage(`'${text}' is not an HTTP URL, such as https://secrets.example.com`)
  const isStranger = own === undefined && project?.gateway !== undefined && namesFor(profiles, normalized).length === 0
  return { url: normalized, ...isStranger && { stranger: project.file } }
}

/**
 * Returns the name under which the profile is stored: the given name, the name from an earlier login to the same URL, or else an
 * unused name.
 */
function nameOf ({ profile }: LoginOptions, url: string, profiles: Profiles): string {
  const [known] = namesFor(profiles, url)
  if (profile !== undefined || known !== undefined) return profileName(profile ?? known ?? '')
  return profileNamed(profiles, 'default') === undefined ? 'default' : new URL(url).hostname.replace(/[^\w.-]/g, '')
}

async function pastedToken (url: string, terminal: Terminal, isPiped: boolean): Promise<Credential> {
  const token = isPiped ? await text(terminal.stdin) : await askSecret(terminal, `API key or other token for ${url} (not shown): `)
  if (!bearerToken.test(token.trim())) throw new WrongUsage('That is not a token: it is empty, or has characters that no token has')
  return { kind: 'token', token: token.trim() }
}

/**
 * Stores a login in the keyring or, if there is no keyring or the user chooses so, in the profiles file. If the profile's earlier
 * login was in the keyring, a missing keyring is an error, and only the user can choose the file.
 */
async function storeLogin (
  url: string, credential: Credential, replaced: Profile | undefined, options: LoginOptions, terminal: Terminal
): Promise<StoredCredential> {
  if (options.insecureStorage === true) return credential
  const entry = entryFor(url)
  try {
    return await storeInKeyring(credential, entry, await terminal.keyring())
  } catch (error) {
    const hasKeyring = replaced !== undefined && isInKeyring(replaced.credential)
    if (error instanceof NoKeyring && !hasKeyring) return credential
    const { lines } = keyringFailure(error, 'Your keyring', commandFor(url, { ...options, insecureStorage: true }))
    throw new CommandFailure(...lines, ...strayEntryLines(error, entry))
  }
}

/**
 * Undoes a login that can't be stored: removes it from the keyring, and revokes it at its issuer if possible. Otherwise, an
 * unused refresh token would stay valid.
 */
async function undoLogin (credential: Credential, unnamed: Profile, terminal: Terminal): Promise<void> {
  await removeFromKeyring(unnamed, terminal)
  if (credential.kind !== 'oidc') return
  const { revoke } = await import('#src/cli/login/openid')
  await revoke(credential).catch(() => undefined)
}

/** Adds `secretsctl login`, which logs in once, and stores the login in a profile that only the user can read. */
export function login (command: Command, terminal: Terminal): void {
  command
    .option('--with-token', 'read an API key or another token from standard input')
    .option('--browser', 'log in with a browser on this machine')
    .option('--device', 'log in with a browser on another device')
    .option('--issuer <name>', 'the OpenID Connect issuer, if the gateway has several')
    .option('--aws', 'log in with the AWS identity of this machine or user')
    .option('--region <region>', 'with --aws: the region whose STS identifies you')
    .option('--server-id <id>', 'with --aws: the gateway\'s server ID, if it is not the host of its URL')
    .option('--insecure-storage', 'keep the login in a file that only you can read, even if you have a keyring')
    .option('--yes', 'do not ask about a gateway that is new, or that could use the login at another one')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<LoginOptions>()
      const environment = options.env === undefined ? undefined : environmentName(options.env)
      const profiles = readProfiles(terminal.env)
      const destination = await destinationOf(options, profiles, terminal)
      assertNamed(destination, options, terminal)
      const { url } = destination
      const name = nameOf(options, url, profiles)
      if (!isPrivate(url)) terminal.stderr.lines([`Warning: ${url} does not use HTTPS: others on the network can read your token`])

      const way = options.withToken === true ? undefined : await wayFor(url, options, terminal)
      await assertIntended(destination, way, options, profiles, terminal)
      const credential = await way?.logIn() ?? await pastedToken(url, terminal, options.withToken === true)
      let caller: { id: string }
      let kept: StoredCredential = credential
      let replaced: Profile | undefined
      try {
        // A token that the gateway refuses is not stored.
        caller = await reply(gatewayWith(url, credential.token).GET('/auth/caller'))
        // The keyring gets the token only once the profile can be written. Otherwise, no profile would refer to the token's
        // entry.
        await changeProfiles(terminal.env, async (latest) => {
          replaced = profileNamed(latest, name)
          kept = await storeLogin(url, credential, replaced, options, terminal)
          const env = environment ?? (replaced?.url === url ? replaced.environment : undefined)
          const profile = { url, ...env !== undefined && { environment: env }, credential: kept }
          return { current: name, profiles: { ...latest.profiles, [name]: profile } }
        })
      } catch (error) {
        await undoLogin(credential, { url, credential: kept }, terminal)
        throw error
      }
      await removeFromKeyring(replaced, terminal)
      const storage = storageOf(kept)
      print(terminal, options, { url, profile: name, storage, ...caller }, [
        `Logged in to ${url} as ${caller.id}`,
        `Stored in the profile ${name}, which is now the current one. "secretsctl envs" lists the environments that you can see`,
        storage === 'keyring' ? 'The token is in your keyring' : `The token is in ${profilesFile(terminal.env)}, which only you can read`
      ])
    })
  withExample(command,
    'secretsctl login --url https://secrets.example.com',
    'secretsctl login --url https://secrets.example.com --profile work --env dev',
    'secretsctl login --url https://secrets.example.com --with-token < token.txt',
    'secretsctl login --url https://secrets.example.com --insecure-storage')
}
