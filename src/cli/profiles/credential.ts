import { CommandFailure, type Terminal } from '#src/cli/terminal'
import { shellWord } from '#src/cli/text'
import { isInKeyring, storeInKeyring, keyringFailure, openLogin, type NamedProfile } from './in-keyring.ts'
import { profileNamed, type Credential, type Login, type StoredCredential } from './profiles.ts'
import { changeProfiles } from './store.ts'

/** How long before its expiry a token is renewed, in milliseconds, so that it does not expire on its way to the gateway. */
const margin = 30_000

/**
 * Returns true if the token of a login can be used. A pasted token can't be renewed, so the gateway decides whether it is valid.
 */
const isFresh = (login: Login): boolean => login.kind === 'token' || login.expires - margin > Date.now()

/** Gets a new token. The modules are loaded on demand. */
async function renew (credential: Credential, url: string): Promise<Credential> {
  if (credential.kind === 'oidc') return (await import('#src/cli/login/openid')).refresh(credential)
  return credential.kind === 'aws' ? (await import('#src/cli/login/aws')).logInWithAws({ url, ...credential }) : credential
}

/** Gets a new token, and stores it in place of the old one. Returns the login as the profiles file stores it. */
async function renewInPlace (login: NamedProfile, terminal: Terminal): Promise<StoredCredential> {
  const { name, profile: { url, credential: old } } = login
  const again = `secretsctl login --profile ${shellWord(name)}`
  const known = await openLogin(login, terminal)
  const credential = await renew(known, url).catch((error: unknown) => {
    const reason = error instanceof Error ? `: ${error.message}` : ''
    throw new CommandFailure(`Your login to ${url} has expired, and could not be renewed${reason}`, `Log in again with: ${again}`)
  })
  if (!isInKeyring(old)) return credential
  return storeInKeyring(credential, old.keyringEntry, await terminal.keyring()).catch((error: unknown) => {
    throw keyringFailure(error, `The new token for ${url} belongs into your keyring, which`, `${again} --insecure-storage`)
  })
}

/** Returns a login whose token can be used. Renews it if it is about to expire. */
async function usable ({ name, profile }: NamedProfile, terminal: Terminal): Promise<Credential> {
  let { credential } = profile
  if (!isFresh(credential)) {
    await changeProfiles(terminal.env, async (profiles) => {
      const latest = profileNamed(profiles, name)
      if (latest?.url !== profile.url) throw new CommandFailure(`The profile ${name} was changed while the command ran. Run the command again`)
      credential = latest.credential
      // Another process may have renewed the token meanwhile. An issuer may accept a refresh token only once.
      if (isFresh(credential)) return undefined
      credential = await renewInPlace({ name, profile: latest }, terminal)
      return { ...profiles, profiles: { ...profiles.profiles, [name]: { ...latest, credential } } }
    })
  }
  return openLogin({ name, profile: { ...profile, credential } }, terminal)
}

/**
 * Creates a function that returns the token of a login, and renews the token first if it is about to expire. The function reads
 * each token from the keyring only once. It throws a CommandFailure if there is no valid token.
 */
export function tokenSource (login: NamedProfile, terminal: Terminal): () => Promise<string> {
  let current: Promise<Credential> | undefined
  return async () => {
    const before = current
    const known = await before?.catch(() => undefined)
    // If several requests need a new token at the same time, only the first gets here.
    const isNeeded = known === undefined || !isFresh(known)
    if (current === undefined || (current === before && isNeeded)) current = usable(login, terminal)
    return (await current).token
  }
}
