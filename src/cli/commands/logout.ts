import type { Command } from 'commander'
import { withExample, type GlobalOptions } from '#src/cli/global-options'
import { forgotten, opened, type NamedProfile } from '#src/cli/profiles/in-keyring'
import { profileNamed } from '#src/cli/profiles/profiles'
import { changeProfiles } from '#src/cli/profiles/store'
import { ExitStatus, print, WrongUsage, type Terminal } from '#src/cli/terminal'

interface Options extends GlobalOptions {
  all?: boolean
}

/** Revokes a refresh token at its issuer. The login is removed from this machine even if the issuer does not answer. */
async function revokeAtIssuer (login: NamedProfile, terminal: Terminal): Promise<void> {
  if (login.profile.credential.kind !== 'oidc') return
  const { issuer } = login.profile.credential
  try {
    const credential = await opened(login, terminal)
    if (credential.kind === 'oidc') await (await import('#src/cli/login/openid')).revoke(credential)
  } catch {
    terminal.stderr.lines([`Warning: ${issuer} was not told to forget this login; it forgets the login when it expires`])
  }
}

/** Adds `secretsctl logout`, which removes a login from this machine. */
export function logout (command: Command, terminal: Terminal): void {
  command
    .option('--all', 'remove the logins of all profiles')
    .action(async (_: object, command: Command) => {
      const { all = false, profile, ...options } = command.optsWithGlobals<Options>()
      let logins: NamedProfile[] = []
      await changeProfiles(terminal.env, ({ current, profiles }) => {
        const name = profile ?? current
        if (!all && (name === undefined || profileNamed({ profiles }, name) === undefined)) {
          throw new WrongUsage(name === undefined ? 'You are not logged in anywhere' : `There is no profile ${name}; "secretsctl profiles" lists yours`)
        }
        const isRemoved = (each: string): boolean => all || each === name
        logins = Object.entries(profiles).filter(([each]) => isRemoved(each)).map(([each, profile]) => ({ name: each, profile }))
        const kept = Object.fromEntries(Object.entries(profiles).filter(([each]) => !isRemoved(each)))
        return { ...current !== undefined && !isRemoved(current) && { current }, profiles: kept }
      })
      // Other commands don't wait for an issuer or a keyring that answers slowly.
      let isForgotten = true
      for (const login of logins) {
        await revokeAtIssuer(login, terminal)
        if (!await forgotten(login.profile, terminal)) isForgotten = false
      }
      const removed = logins.map(({ name }) => name)
      print(terminal, options, { removed }, removed.length === 0 ? ['You were not logged in anywhere'] : [`Logged out: the profile ${removed.join(', ')} is removed from this machine`])
      if (!isForgotten) throw new ExitStatus(1)
    })
  withExample(command, 'secretsctl logout --profile work')
}
