import type { Command } from 'commander'
import { environmentName } from '#src/cli/arguments'
import { withExample, type GlobalOptions } from '#src/cli/global-options'
import { profileNamed } from '#src/cli/profiles/profiles'
import { changeProfiles } from '#src/cli/profiles/store'
import { print, WrongUsage, type Terminal } from '#src/cli/terminal'

/** Adds `secretsctl use PROFILE`, which makes a profile the current one and can change its environment. */
export function use (command: Command, terminal: Terminal): void {
  command
    .argument('<profile>', 'the profile\'s name')
    .action(async (name: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>()
      const environment = options.env === undefined ? undefined : environmentName(options.env)
      let url = ''
      await changeProfiles(terminal.env, (profiles) => {
        const profile = profileNamed(profiles, name)
        if (profile === undefined) throw new WrongUsage(`There is no profile ${name}; "secretsctl profiles" lists yours`)
        url = profile.url
        const changed = { ...profile, ...environment !== undefined && { environment } }
        return { current: name, profiles: { ...profiles.profiles, [name]: changed } }
      })
      print(terminal, options, { current: name, url, ...environment !== undefined && { environment } },
        [`The current profile is ${name}: ${url}${environment === undefined ? '' : `, environment ${environment}`}`])
    })
  withExample(command, 'secretsctl use work --env dev')
}
