import { WrongUsage } from '#src/command-line/wrong-usage'

/** The method of a login, without its secrets. */
export type Login =
  /** An API key or another token that was pasted. */
  | { kind: 'token' }
  /** An OpenID Connect issuer. `expires` is when the token expires, in milliseconds since the epoch. */
  | {
    kind: 'oidc'
    issuer: string
    clientId: string
    /** The kind of token that the gateway accepts from the issuer. */
    tokenType: 'access_token' | 'id_token'
    expires: number
  }
  /** An AWS identity, which signs again when the gateway's token has expired. */
  | { kind: 'aws', serverId: string, region: string, expires: number }

export interface LoginSecrets {
  token: string
  /** Present only if an issuer has issued one. */
  refreshToken?: string
}

/** A login with its secrets, which are sent only to the URL of its profile. */
export type Credential = Login & LoginSecrets

/** A login in the profiles file: with its secrets, or with the name of the keyring entry that has them. */
export type StoredCredential = Login & (LoginSecrets | { keyringEntry: string })

/** A gateway, and the login to it. */
export interface Profile {
  /** The gateway's URL, as `urlFrom` returns it. */
  url: string
  /** The environment to use if neither the command line, nor a variable, nor the project file names one. */
  environment?: string
  credential: StoredCredential
}

/** The content of a project file. It never contains a token. */
export interface Project {
  /** The file's path. */
  file: string
  /** The gateway's URL, as `urlFrom` returns it. */
  gateway?: string
  /** The name of one of the user's profiles. */
  profile?: string
  environment?: string
  /** The prefix of the names of the project's secrets. */
  prefix?: string
  /** Variables and their secrets, as in `--map`. */
  mapping?: Record<string, string>
}

/** The content of the profiles file. */
export interface Profiles {
  /** The name of the profile to use if nothing else chooses one. */
  current?: string
  profiles: Record<string, Profile>
}

/**
 * Validates the name of a profile.
 *
 * @throws WrongUsage if the name has characters that a shell or a table would show badly
 */
export function profileName (name: string): string {
  if (/^[A-Za-z0-9][\w.-]{0,62}$/.test(name)) return name
  throw new WrongUsage('A profile\'s name must consist of at most 63 letters, digits, "-", "_" and ".", and begin with a letter or a digit')
}

/** Returns a profile by name. Inherited names such as `constructor` have none. */
export const profileNamed = ({ profiles }: Profiles, name: string): Profile | undefined =>
  Object.hasOwn(profiles, name) ? profiles[name] : undefined

/** Returns the names of the profiles with this URL; the current profile's name comes first. */
export const namesFor = ({ current, profiles }: Profiles, url: string): string[] =>
  Object.keys(profiles).filter((name) => profiles[name]?.url === url)
    .sort((one, other) => Number(other === current) - Number(one === current))

/**
 * Normalizes the URL of a gateway, so that two spellings of the same URL are equal. Returns undefined if the text is not an HTTP
 * URL, or if the URL has a query, a fragment or a user.
 */
export function urlFrom (text: string): string | undefined {
  if (!URL.canParse(text)) return undefined
  const { protocol, origin, pathname, search, hash, username, password } = new URL(text)
  if (!['http:', 'https:'].includes(protocol) || `${search}${hash}${username}${password}` !== '') return undefined
  return `${origin}${pathname.replace(/\/+$/, '')}`
}

/** Returns true if the URL is HTTPS, or HTTP on this machine, so that nobody on the network can read a token. */
export function isPrivate (url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d+){3}$/.test(hostname)
}
