import { constants } from 'node:os'
import { isDeepStrictEqual } from 'node:util'
import { Option, type Command } from 'commander'
import { positiveInteger } from '#src/cli/arguments'
import { changesOf } from '#src/cli/changes'
import { startChild } from '#src/cli/child'
import { withFallback } from '#src/cli/fallback'
import { environmentOf, gatewayOf, withExample, type GlobalOptions } from '#src/cli/gateway'
import { targetOf } from '#src/cli/profiles/target'
import { warnOfUnaddressable } from '#src/cli/results'
import { dangerOf } from '#src/cli/dangerous-variables'
import { CommandFailure, ExitStatus, FailureWithStatus, type Terminal } from '#src/cli/terminal'
import { asText } from '#src/cli/text'
import { readVariables, selectedSecrets, selectionFrom, withSelection, type Refusal, type Selection } from '#src/cli/variables'
import { GatewayProblem, GatewayUnreachable } from '#src/client/client'

type Options = GlobalOptions & Selection & { watch?: number, fallback?: string, fallbackMaxAge: number }

/** The longest interval of `--watch` in seconds: a day. */
const maxInterval = 86_400

/** The variables that are added to the program's environment. */
type Variables = Readonly<Record<string, string>>

/**
 * The exit status for failures of `run` itself, as opposed to the program's failures. `env`, `timeout` and `docker run` use the
 * same status.
 */
const ownFailure = 125

/** Adds `secretsctl run -- COMMAND...`, which passes secrets to a program through its environment only. */
export function runChild (command: Command, terminal: Terminal): void {
  withSelection(command)
    .exitOverride((error) => { throw error.exitCode === 0 ? error : new FailureWithStatus(ownFailure, error) })
    .argument('<command...>', 'the program and its arguments, after "--"')
    .addOption(new Option('--watch [seconds]', 'restart the program when its secrets have changed: end it with SIGTERM, or with ' +
    'SIGKILL after 10 seconds, and start it again. If the gateway can\'t report changes, the secrets are read again at this interval; default: 60 seconds')
      .preset('60').argParser(positiveInteger('whole number of seconds', maxInterval)))
    .option('--fallback <file>', 'keep the secrets in this file, encrypted, and use them when the gateway can\'t be reached')
    .option('--fallback-max-age <hours>', 'the oldest that the secrets in the fallback may be', positiveInteger('whole number of hours', 8_760), 24)
    .action(async (args: string[], _: object, command: Command) => {
      const status = await runWithSecrets(args, command.optsWithGlobals<Options>(), terminal).catch((error: unknown) => {
        throw error instanceof FailureWithStatus ? error : new FailureWithStatus(ownFailure, error)
      })
      throw new ExitStatus(status)
    })
  withExample(command,
    'secretsctl run --env dev --prefix payments/ -- node server.js',
    'secretsctl run --env dev --prefix payments/ --watch 30 -- node server.js',
    'secretsctl run --env prod --prefix payments/ --fallback /var/lib/payments/secrets.fallback -- node server.js',
    'secretsctl run --env dev --map PGPASSWORD=payments/db#password -- psql')
}

/** Runs the program, and restarts it whenever the secrets have changed. Returns the exit status. */
async function runWithSecrets (args: readonly string[], options: Options, terminal: Terminal): Promise<number> {
  const { watch, fallback: file, fallbackMaxAge: hours } = options
  const gateway = gatewayOf(options, terminal)
  const env = environmentOf(options, terminal)
  const selection = selectionFrom(options, terminal)
  const refusal: Refusal = (variable) =>
    dangerOf(variable) ?? (terminal.env[variable] === undefined ? undefined : 'is already set where secretsctl runs')
  const readAll = async (): Promise<{ variables: Variables, unaddressable: number }> => {
    const { variables, unaddressable } = await readVariables(gateway, env, selection, refusal)
    const texts = Array.from(variables, ([variable, { secret, value }]) => [variable, asText(secret, value)] as const)
    return { variables: Object.fromEntries(texts), unaddressable }
  }
  const read = async (): Promise<Variables> => (await readAll()).variables
  const { unaddressable, ...first } = file === undefined
    ? await readAll()
    : await withFallback(readAll, { file, gateway: targetOf(options, terminal).url, env, selection, refusal, hours }, terminal)
  warnOfUnaddressable(terminal, unaddressable, env)
  let { variables } = first
  let isReported = false
  const report = (lines: readonly string[]): void => {
    if (!isReported) terminal.stderr.lines([...lines])
    isReported = true
  }
  for (;;) {
    // Removes the gateway's token, because the program could read other secrets with it.
    const childEnv = { ...terminal.env, SECRETS_GATEWAY_TOKEN: undefined, ...variables }
    const child = startChild(args, childEnv, terminal.stdin.isTTY === true)
    const watching = new AbortController()
    const changed = watch === undefined
      ? []
      : [changedVariables(terminal, read, variables, changesOf(gateway, env, {
          ...selectedSecrets(selection),
          seconds: watch,
          signal: watching.signal,
          onRefusal ({ message }) { report([message, `The secrets are read again every ${watch} seconds`]) }
        }))]
    const outcome = await Promise.race([child.ended, ...changed]).finally(() => { watching.abort() })
    if (typeof outcome === 'number') return outcome
    terminal.stderr.lines(['The secrets have changed: restarting the program'])
    const signal = await child.end()
    if (signal !== undefined) return 128 + constants.signals[signal]
    variables = outcome
  }
}

/** Errors that may be temporary. For example, the gateway is unreachable, or two secrets map to the same variable for now. */
const retryable = [GatewayUnreachable, GatewayProblem, CommandFailure] as const

/**
 * Waits until the variables differ from `current`, and returns the new variables. Continues after retryable errors, and reports
 * only the first of several in a row.
 */
async function changedVariables (
  { stderr }: Terminal, read: () => Promise<Variables>, current: Variables, changes: AsyncGenerator<void, never>
): Promise<Variables> {
  let isReported = false
  for (;;) {
    await changes.next()
    try {
      const latest = await read()
      isReported = false
      if (!isDeepStrictEqual(latest, current)) return latest
    } catch (error) {
      if (!retryable.some((kind) => error instanceof kind) || !(error instanceof Error)) throw error
      if (!isReported) stderr.lines([...error instanceof CommandFailure ? error.lines : [error.message], 'The program continues with its current secrets'])
      isReported = true
    }
  }
}
