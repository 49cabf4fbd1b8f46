import { InvalidArgumentError, type Command } from 'commander'
import { stringify } from 'yaml'
import { hashToken, newApiKey } from '#src/authentication/api-keys'
import { withExample } from '#src/cli/gateway'
import type { OutputOptions } from '#src/cli/output-format'
import { print, type Terminal } from '#src/cli/terminal'
import { idPattern } from '#src/schema/types'

function id (text: string): string {
  if (new RegExp(idPattern).test(text)) return text
  throw new InvalidArgumentError('Must consist of at most 63 letters, digits, "-", "_" and ".", and begin with a letter or a digit.')
}

/** Validates a date such as 2027-06-30, which must be later than today in UTC. */
function day (text: string): string {
  const date = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : NaN)
  // `Date` accepts February 31 and converts it to a day in March.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(text)) throw new InvalidArgumentError('Must be a date such as 2027-06-30.')
  if (date.getTime() <= Date.now()) throw new InvalidArgumentError('Must be a later date than today in UTC, because the key is refused from that day on.')
  return text
}

interface Options extends OutputOptions {
  group: string[]
  expires?: string
}

/**
 * Adds `secretsctl keys create ID`, which prints a new API key and its entry for the configuration. The key is stored nowhere, so
 * it can't be printed again.
 */
export function keysCreate (command: Command, terminal: Terminal): void {
  command
    .argument('<id>', 'the caller\'s ID; several keys may share it while one replaces another', id)
    .option('--group <name>', 'a group of the caller (repeatable)', (name, names: string[]) => [...names, id(name)], [])
    .option('--expires <day>', 'the first day on which the key is refused, in UTC', day)
    .action((id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const { group: groups, expires } = options
      const token = newApiKey(id)
      const key = { id, hash: hashToken(token), ...(groups.length > 0 && { groups }), ...(expires !== undefined && { expires }) }
      print(terminal, options, { token, key }, [
        `The key, which is shown only once:  ${token}`,
        '',
        'Add this to authentication.apiKeys in the configuration:',
        '',
        ...stringify([key]).trimEnd().split('\n')
      ])
    })
  withExample(command, 'secretsctl keys create deploy-bot --group pipelines --expires 2027-06-30')
}
