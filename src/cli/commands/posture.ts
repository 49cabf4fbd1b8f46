import type { Command } from 'commander'
import { namePrefix } from '#src/cli/arguments'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { allItems } from '#src/cli/pages'
import { warnOfUnaddressable } from '#src/cli/results'
import { styleFrom, table } from '#src/cli/table'
import { CommandFailure, ExitStatus, print, type Terminal } from '#src/cli/terminal'
import { counted } from '#src/cli/text'
import { reply } from '#src/client/client'

interface Options extends GlobalOptions {
  rule?: string
  prefix?: string
  all?: boolean
}

/** The exit statuses, which are similar to those of `diff`. `failed` takes precedence over `unknown`. */
const exitStatus = { failed: 3, unknown: 4 } as const

const styles = styleFrom({ failed: 'red', unknown: 'yellow', passed: 'green' })

/** Adds `secretsctl posture`, which judges an environment's secrets by security rules. */
export function posture (command: Command, terminal: Terminal): void {
  command
    .option('--rule <rules>', 'the rules, separated by commas; default: those that need no call to AWS for each secret')
    .option('--prefix <prefix>', 'only names that begin with this prefix', namePrefix)
    .option('--all', 'also show what has passed')
    .action(async (_: object, command: Command) => {
      const { rule, prefix, all = false, ...options } = command.optsWithGlobals<Options>()
      const [gateway, env] = [gatewayOf(options, terminal), environmentOf(options, terminal)]
      let unaddressable = 0
      const items = await allItems(async (cursor) => {
        const page = await reply(gateway.GET('/environments/{env}/posture', {
          params: {
            path: { env },
            query: { limit: 100, ...rule !== undefined && { rule }, ...prefix !== undefined && { namePrefix: prefix }, ...cursor }
          }
        }))
        unaddressable += page.unaddressable ?? 0
        return page
      })
      // Otherwise a misspelled prefix would let a pipeline pass.
      if (prefix !== undefined && items.length + unaddressable === 0) {
        throw new CommandFailure(`No secret in ${env} has a name that begins with ${prefix}`)
      }
      const judged = items.flatMap(({ name, rules }) => rules.map((judgement) => ({ name, ...judgement })))
      const count = (wanted: string): number => judged.filter(({ status }) => status === wanted).length
      const shown = judged.filter(({ status }) => all || status !== 'passed')
      const counts = { passed: count('passed'), failed: count('failed'), unknown: count('unknown') }
      print(terminal, options, { secrets: items.length, counts, items: shown }, shown.length === 0 ? [] : table(
        ['STATUS', 'RULE', 'NAME', ''], shown.map(({ status, rule, name, detail = '' }) => [status, rule, name, detail]), styles))
      warnOfUnaddressable(terminal, unaddressable)
      terminal.stderr.lines([`${counted(items.length, 'secret')} in ${env}: ${counts.failed} failed, ${counts.unknown} unknown, ${counts.passed} passed`])
      if (counts.failed > 0) throw new ExitStatus(exitStatus.failed)
      if (counts.unknown > 0) throw new ExitStatus(exitStatus.unknown)
    })
  withExample(command, 'secretsctl posture --env prod', 'secretsctl posture --env prod --rule required,value,public-policy')
}
