import { randomUUID } from 'node:crypto'
import { KeyringFailure, NoKeyring, type Keyring } from '#src/cli/keyring/keyring'
import { CommandFailure, type Terminal } from '#src/cli/terminal'
import { shellWord } from '#src/cli/text'
import { isJsonObject, parseLossless } from '#src/json/lossless'
import type { Credential, LoginSecrets, Profile, StoredCredential } from './profiles.ts'

/** The name of a profile, and the profile. */
export interface NamedProfile {
  name: string
  profile: Profile
}

/** Returns true if the secrets of a login are in the keyring, false if they are in the profiles file. */
export const isInKeyring = (credential: StoredCredential): credential is Exclude<StoredCredential, Credential> => 'keyringEntry' in credential

/** Returns the place where the secrets of a login are stored. */
export const storageOf = (credential: StoredCredential): 'keyring' | 'file' => isInKeyring(credential) ? 'keyring' : 'file'

/** Returns a new name for an entry. It begins with the URL, so that a token is only found for its own URL. */
export const entryFor = (url: string): string => `${url} ${randomUUID()}`

/**
 * Stores the secrets of a login in the keyring.
 *
 * @returns the login without its secrets, for the profiles file
 * @throws NoKeyring, KeyringFailure
 */
export async function storeInKeyring (credential: Credential, keyringEntry: string, keyring: Keyring): Promise<StoredCredential> {
  const { token, refreshToken, ...login } = credential
  await keyring.write(keyringEntry, JSON.stringify({ token, refreshToken }))
  return { ...login, keyringEntry }
}

/** Reads the secrets from the text of an entry. Returns undefined if it is something else. */
function secretsIn (text: string): LoginSecrets | undefined {
  const content = parseLossless(text)
  if (!isJsonObject(content) || typeof content.token !== 'string') return undefined
  const { token, refreshToken } = content
  return { token, ...typeof refreshToken === 'string' && { refreshToken } }
}

/**
 * Returns a login with its secrets.
 *
 * @throws CommandFailure if they can't be read from the keyring
 */
export async function openLogin ({ name, profile: { url, credential } }: NamedProfile, terminal: Terminal): Promise<Credential> {
  if (!isInKeyring(credential)) return credential
  const { keyringEntry, ...login } = credential
  const again = `secretsctl login --profile ${shellWord(name)}`
  let text: string | undefined
  try {
    if (keyringEntry.startsWith(`${url} `)) text = await (await terminal.keyring()).read(keyringEntry)
  } catch (error) {
    throw keyringFailure(error, `Your login to ${url} is in your keyring, which`, `${again} --insecure-storage`)
  }
  const secrets = secretsIn(text ?? '')
  if (secrets === undefined) throw new CommandFailure(`Your keyring does not have the login to ${url}`, `Log in again with: ${again}`)
  return { ...login, ...secrets }
}

/**
 * Removes a login from the keyring, if it is there.
 *
 * @returns false if that fails, after a warning to the user
 */
export async function removeFromKeyring (profile: Profile | undefined, { keyring, stderr }: Terminal): Promise<boolean> {
  if (profile === undefined || !isInKeyring(profile.credential)) return true
  const { keyringEntry } = profile.credential
  try {
    await (await keyring()).remove(keyringEntry)
    return true
  } catch (error) {
    stderr.lines([
      `Warning: your keyring still has the login to ${profile.url}, because it gives no access: ${reasonOf(error)}`,
      `Remove the entry with your keyring's own program: ${keyringEntry}, of secretsctl`
    ])
    return false
  }
}

const reasonOf = (error: unknown): string => error instanceof Error ? error.message : String(error)

/**
 * Returns the lines about a new entry that the keyring may have stored, and to which no profile refers. The user has to look
 * for it, because a keyring that has not answered would not answer a second call either.
 */
export function strayEntryLines (error: unknown, keyringEntry: string): string[] {
  if (!(error instanceof KeyringFailure && error.isUncertain)) return []
  return [
    'It may have stored the token all the same. If so, remove the entry with your keyring\'s own program: ' +
    `${keyringEntry}, of secretsctl`
  ]
}

/**
 * Returns the failure for an error of the keyring.
 *
 * @param subject the beginning of a sentence about the keyring
 * @param fileCommand the command that stores the login in a file instead
 */
export function keyringFailure (error: unknown, subject: string, fileCommand: string): CommandFailure {
  const toFile = `keep the login in a file that only you can read: ${fileCommand}`
  return error instanceof NoKeyring
    ? new CommandFailure(`${subject} can't be reached from here: ${error.message}`, `Run this in your desktop session, or ${toFile}`)
    : new CommandFailure(`${subject} gives no access: ${reasonOf(error)}`, `Unlock it and try again, or ${toFile}`)
}
