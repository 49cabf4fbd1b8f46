import type { Command } from 'commander'
import { withExample, type GlobalOptions } from '#src/cli/global-options'
import { profileNamed, type Profile } from '#src/cli/profiles/profiles'
import { changeProfiles } from '#src/cli/profiles/store'
import { print, WrongUsage, type Terminal } from '#src/cli/terminal'

interface Options extends GlobalOptions {
  all?: boolean
}

/** Revokes a refresh token at its issuer. The login is removed from this machine even if the issuer does not answer. */
async function revokeAtIssuer (profile: Profile | undefined, { stderr }: Terminal): Promise<void> {
  if (profile?.credential.kind !== 'oidc') return
  const { issuer } = profile.credential
  await (await import('#src/cli/login/openid')).revoke(profile.credential).catch(() => {
    stderr.lines([`Warning: ${issuer} was not told to forget this login, because it does not answer; it forgets the login when it expires`])
  })
}

/** Adds `secretsctl logout`, which removes a login from this machine. */
export function logout (command: Command, terminal: Terminal): void {
  command
    .option('--all', 'remove the logins of all profiles')
    .action(async (_: object, command: Command) => {
      const { all = false, profile, ...options } = command.optsWithGlobals<Options>()
      let removed: string[] = []
      let logins: (Profile | undefined)[] = []
      await changeProfiles(terminal.env, (profiles) => {
        const name = profile ?? profiles.current
        if (!all && (name === undefined || profileNamed(profiles, name) === undefined)) {
          throw new WrongUsage(name === undefined ? 'You are not logged in anywhere' : `There is no profile ${name}; "secretsctl profiles" lists yours`)
        }
        removed = Object.keys(profiles.profiles).filter((each) => all || each === name)
        logins = removed.map((each) => profileNamed(profiles, each))
        const kept = Object.entries(profiles.profiles).filter(([each]) => !removed.includes(each))
        const isCurrentKept = profiles.current !== undefined && !removed.includes(profiles.current)
        return { ...isCurrentKept && { current: profiles.current }, profiles: Object.fromEntries(kept) }
      })
      // Other commands don't wait for an issuer that answers slowly.
      for (const each of logins) await revokeAtIssuer(each, terminal)
      print(terminal, options, { removed }, removed.length === 0 ? ['You were not logged in anywhere'] : [`Logged out: the profile ${removed.join(', ')} is removed from this machine`])
    })
  withExample(command, 'secretsctl logout --profile work')
}
