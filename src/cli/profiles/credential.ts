import { CommandFailure, type Terminal } from '#src/cli/terminal'
import { shellWord } from '#src/cli/text'
import { profileNamed, type Credential, type Profile } from './profiles.ts'
import { changeProfiles } from './store.ts'

/** How long before its expiry a token is renewed, in milliseconds, so that it does not expire on its way to the gateway. */
const margin = 30_000

const isFresh = (credential: Credential): credential is Extract<Credential, { kind: 'token' }> =>
  credential.kind === 'token' || credential.expires - margin > Date.now()

/** Gets a new token. The modules are loaded on demand. */
async function renewed (credential: Exclude<Credential, { kind: 'token' }>, url: string): Promise<Credential> {
  return credential.kind === 'oidc'
    ? (await import('#src/cli/login/openid')).refreshed(credential)
    : (await import('#src/cli/login/aws')).loggedInWithAws({ url, ...credential })
}

/**
 * Returns the token of a login, and renews it first if it is about to expire.
 *
 * @throws CommandFailure if it has expired and can't be renewed
 */
export async function tokenOf ({ name, profile }: { name: string, profile: Profile }, { env }: Terminal): Promise<string> {
  let { credential } = profile
  if (isFresh(credential)) return credential.token
  await changeProfiles(env, async (profiles) => {
    // Another process may have renewed the token meanwhile. An issuer may accept a refresh token only once.
    const latest = profileNamed(profiles, name)
    credential = latest?.url === profile.url ? latest.credential : credential
    if (latest === undefined || isFresh(credential)) return undefined
    try {
      credential = await renewed(credential, profile.url)
    } catch (error) {
      const reason = error instanceof Error ? `: ${error.message}` : ''
      throw new CommandFailure(
        `Your login to ${profile.url} has expired, and could not be renewed${reason}`,
        `Log in again with: secretsctl login --profile ${shellWord(name)}`
      )
    }
    return { ...profiles, profiles: { ...profiles.profiles, [name]: { ...latest, credential } } }
  })
  return credential.token
}
