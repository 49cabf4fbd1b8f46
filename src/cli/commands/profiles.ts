import type { Command } from 'commander'
import { withExample, type GlobalOptions } from '#src/cli/global-options'
import { storageOf } from '#src/cli/profiles/in-keyring'
import { readProfiles } from '#src/cli/profiles/store'
import { table } from '#src/cli/table'
import { print, type Terminal } from '#src/cli/terminal'

const kinds = { token: 'token', oidc: 'OpenID Connect', aws: 'AWS identity' } as const

/** Adds `secretsctl profiles`, which lists the profiles without their tokens. */
export function profiles (command: Command, terminal: Terminal): void {
  command.action((_: object, command: Command) => {
    const options = command.optsWithGlobals<GlobalOptions>()
    const { current, profiles } = readProfiles(terminal.env)
    const items = Object.entries(profiles).map(([name, { url, environment, credential }]) => {
      const [login, storage] = [credential.kind, storageOf(credential)]
      return { name, url, ...environment !== undefined && { environment }, login, storage, current: name === current }
    })
    const rows = items.map(({ name, url, environment = '', login, storage, current }) =>
      [current ? '*' : '', name, url, environment, kinds[login], storage])
    print(terminal, options, { items }, rows.length === 0
      ? ['There is no profile yet. Log in with: secretsctl login --url https://secrets.example.com']
      : table(['', 'NAME', 'GATEWAY', 'ENVIRONMENT', 'LOGIN', 'KEPT IN'], rows))
  })
  withExample(command, 'secretsctl profiles')
}
