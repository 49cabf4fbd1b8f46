import { InvalidArgumentError, type Command } from 'commander'
import { stringify } from 'yaml'
import { hashToken, newApiKey } from '#src/authentication/api-keys'
import { withExample } from '#src/cli/gateway'
import { print, type Terminal } from '#src/cli/terminal'
import { idPattern } from '#src/schema/types'

function id (text: string): string {
  if (new RegExp(idPattern).test(text)) return text
  throw new InvalidArgumentError('An ID has letters, digits, "-", "_" and ".", at most 63 of them, the first a letter or a digit.')
}

function day (text: string): string {
  const date = new Date(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : NaN)
  // JavaScript takes the 31st of February for a day in March.
  if (Number.isNaN(date.getTime()) || !date.toISOString().startsWith(text)) throw new InvalidArgumentError('A day is written 2027-06-30.')
  if (date.getTime() <= Date.now()) throw new InvalidArgumentError('From that day on it is refused, so it has to be one to come, in UTC.')
  return text
}

interface Options {
  group: string[]
  expires?: string
  json?: boolean
}

/** `secretsctl keys create ID`: a new API key, shown this once, and what the configuration holds of it. */
export function keysCreate (keys: Command, terminal: Terminal): void {
  const command = keys.command('create')
    .description('make an API key; the gateway is not asked, and knows it once the configuration has its hash')
    .argument('<id>', 'whose key it is; several may have the same ID, for the time of a replacement', id)
    .option('--group <name>', 'a group of the caller (repeatable)', (name, names: string[]) => [...names, id(name)], [])
    .option('--expires <day>', 'the day from which it is refused, in UTC', day)
    .action((id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<Options>()
      const { group: groups, expires } = options
      const token = newApiKey(id)
      const key = { id, hash: hashToken(token), ...(groups.length > 0 && { groups }), ...(expires !== undefined && { expires }) }
      print(terminal, options, { token, key }, [
        `The key, which is shown this once:  ${token}`,
        '',
        'For authentication.apiKeys of the configuration:',
        '',
        stringify([key]).trimEnd()
      ])
    })
  withExample(command, 'secretsctl keys create deploy-bot --group pipelines --expires 2027-06-30')
}
