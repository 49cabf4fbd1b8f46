import { constants } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { Option, type Command } from 'commander'
import { wholeNumberOf } from '#src/cli/arguments'
import { startChild } from '#src/cli/child'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { CommandFailure, ExitStatus, type Terminal } from '#src/cli/terminal'
import { asText } from '#src/cli/text'
import { readVariables, withSelection, type Selection } from '#src/cli/variables'
import { GatewayProblem, GatewayUnreachable } from '#src/client/client'

type Options = GlobalOptions & Selection & { watch?: number }

/** Seconds: a day. */
const longestPause = 86_400

/** What a program gets besides the command's own environment. */
type Variables = Readonly<Record<string, string>>

/** `secretsctl run -- COMMAND...`: the secrets are in the program's environment, and nowhere else. */
export function runChild (program: Command, terminal: Terminal): void {
  const command = withSelection(program.command('run'))
    .description('run a program with secrets in its environment; ends as it ends')
    .argument('<command...>', 'the program and its arguments, behind "--"')
    .addOption(new Option('--watch [seconds]', 'read the secrets again every so often, and start the program anew when they have changed')
      .preset('60').argParser(wholeNumberOf('seconds', longestPause)))
    .action(async (args: string[], _: object, command: Command) => {
      const { watch, ...options } = command.optsWithGlobals<Options>()
      const gateway = gatewayOf(options, terminal)
      const read = async (): Promise<Variables> => {
        const variables = await readVariables(gateway, environmentOf(options), options)
        return Object.fromEntries(Array.from(variables, ([variable, { secret, value }]) => [variable, asText(secret, value)]))
      }
      let variables = await read()
      for (;;) {
        // The program is given its secrets, not the way to others.
        const env = { ...terminal.env, SECRETS_GATEWAY_TOKEN: undefined, ...variables }
        const child = startChild(args, env, terminal.stdin.isTTY === true)
        const watching = new AbortController()
        const changed = watch === undefined ? [] : [changedVariables(terminal, read, variables, watch, watching.signal)]
        const outcome = await Promise.race([child.ended, ...changed]).finally(() => { watching.abort() })
        if (typeof outcome === 'number') throw new ExitStatus(outcome)
        terminal.stderr.write('The secrets have changed: the program is started anew\n')
        const signal = await child.end()
        if (signal !== undefined) throw new ExitStatus(128 + constants.signals[signal])
        variables = outcome
      }
    })
  withExample(command,
    'secretsctl run --env dev --prefix payments/ -- node server.js',
    'secretsctl run --env dev --prefix payments/ --watch 30 -- node server.js',
    'secretsctl run --env dev --map PGPASSWORD=payments/db#password -- psql')
}

/** What may pass: the gateway does not answer, or refuses, or the secrets do not go together. */
const expected = [GatewayUnreachable, GatewayProblem, CommandFailure] as const

/** Other variables than the program has, once there are some. What can't be read now may be later: the program runs on. */
async function changedVariables (
  { stderr }: Terminal, read: () => Promise<Variables>, current: Variables, seconds: number, signal: AbortSignal
): Promise<Variables> {
  let isTold = false
  for (;;) {
    await setTimeout(seconds * 1_000, undefined, { signal })
    try {
      const found = await read()
      isTold = false
      if (!isDeepStrictEqual(found, current)) return found
    } catch (error) {
      if (!expected.some((kind) => error instanceof kind) || !(error instanceof Error)) throw error
      if (!isTold) stderr.write(`${error.message}\nThe program goes on with the secrets that it has\n`)
      isTold = true
    }
  }
}
