import type { Command } from 'commander'
import { withExample, type GlobalOptions } from '#src/cli/global-options'
import { removeFromKeyring, openLogin, type NamedProfile } from '#src/cli/profiles/in-keyring'
import { profileNamed } from '#src/cli/profiles/profiles'
import { changeProfiles } from '#src/cli/profiles/store'
import { ExitStatus, print, WrongUsage, type Terminal } from '#src/cli/terminal'

interface Options extends GlobalOptions {
  all?: boolean
}

/**
 * Returns a function that revokes the refresh token of a login at its issuer. The token is read now, and not by that
 * function, because it is removed from the keyring before it is revoked.
 */
async function revocationOf (login: NamedProfile, terminal: Terminal): Promise<() => Promise<void>> {
  const stored = login.profile.credential
  if (stored.kind !== 'oidc') return async () => undefined
  const credential = await openLogin(login, terminal).catch(() => undefined)
  return async () => {
    const { revoke } = await import('#src/cli/login/openid')
    const isRevoked = credential?.kind === 'oidc' && await revoke(credential).then(() => true, () => false)
    if (isRevoked) return
    terminal.stderr.lines([`Warning: ${stored.issuer} was not told to forget this login; it forgets the login when it expires`])
  }
}

function sentenceFor (removed: readonly string[], isForgotten: boolean): string {
  if (removed.length === 0) return 'You were not logged in anywhere'
  const what = `the profile ${removed.join(', ')} is removed`
  return isForgotten ? `Logged out: ${what} from this machine` : `Only partly logged out: ${what}, and your keyring still has a login`
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
      // Other commands don't wait for a keyring or an issuer that answers slowly. Tokens are revoked last, so that no token stays
      // on this machine if the user presses Ctrl-C while an issuer hangs.
      const revocations: (() => Promise<void>)[] = []
      let isForgotten = true
      for (const login of logins) {
        revocations.push(await revocationOf(login, terminal))
        if (!await removeFromKeyring(login.profile, terminal)) isForgotten = false
      }
      for (const revoke of revocations) await revoke()
      const removed = logins.map(({ name }) => name)
      print(terminal, options, { removed }, [sentenceFor(removed, isForgotten)])
      if (!isForgotten) throw new ExitStatus(1)
    })
  withExample(command, 'secretsctl logout --profile work')
}
