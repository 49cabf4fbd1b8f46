import type { Command } from 'commander'
import { pair, secretName } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { print, WrongUsage, type Terminal } from '#src/cli/terminal'
import { counted } from '#src/cli/text'

interface Options extends GlobalOptions {
  remove: string[]
}

/** Adds `secretsctl tag NAME KEY=VALUE...`. */
export function tag (command: Command, terminal: Terminal): void {
  command
    .argument('<name>', 'the secret\'s name', secretName)
    .argument('[tags...]', 'tags to set, each KEY=VALUE', pair)
    .option('--remove <key>', 'a tag to remove (repeatable)', (key: string, keys: string[]) => [...keys, key], [])
    .action(async (name: string, tags: Record<string, string> | [], _: object, command: Command) => {
      const { remove, ...options } = command.optsWithGlobals<Options>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      const set = Array.isArray(tags) ? {} : tags
      const count = Object.keys(set).length
      if (count + remove.length === 0) throw new WrongUsage('Specify a tag to set or to remove')
      const params = { path: { env, name } }
      if (count > 0) await gateway.PUT('/environments/{env}/secrets/{name}/tags', { params, body: set })
      if (remove.length > 0) await gateway.DELETE('/environments/{env}/secrets/{name}/tags', { params: { ...params, query: { key: remove } } })
      print(terminal, options, { name, set, removed: remove }, [`${name} in ${env}: ${counted(count, 'tag')} set, ${remove.length} removed`])
    })
  withExample(command, 'secretsctl tag payments/db team=payments --remove owner --env dev')
}
