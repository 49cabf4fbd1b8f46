import type { Command } from 'commander'
import { GatewayProblem, GatewayUnreachable } from '#src/client/problems'
import { chosenEnvironment, gatewayOf } from './gateway.ts'
import type { GlobalOptions } from './global-options.ts'
import { problemLines, type Subject } from './problem-lines.ts'
import { targetOf, type Target } from './profiles/target.ts'
import type { Terminal } from './terminal.ts'

/** The options that name environments, besides `--env`. */
interface NamingOptions extends GlobalOptions {
  from?: string
  to?: string
  ifVersion?: string
}

/** The time limit, in milliseconds, for the list of environments that is added to an error. */
const timeout = 2_000

/**
 * Returns the lines about a failed command: the problem, and the next step. If the environment is unknown, the lines list the
 * environments that the caller can see.
 */
export async function failureLines (
  error: GatewayProblem | GatewayUnreachable, command: Command | undefined, terminal: Terminal
): Promise<string[]> {
  const target = targetFor(command, terminal)
  if (error instanceof GatewayUnreachable) {
    const { url, from } = target ?? {}
    return [error.message, ...url === undefined ? [] : [`Check that the gateway runs, and that its URL is right: ${url} comes from ${from}`]]
  }
  const subject = subjectOf(command, terminal, target)
  const step = error.code === 'not-found' && command !== undefined ? await environmentStep(command, subject, terminal) : undefined
  return step === undefined ? problemLines(error, subject) : [step, `(${error.code}, request ${error.requestId})`]
}

/** Returns the function's result, or undefined if it throws. It may throw for the same reason for which the command failed. */
function ifPossible<T> (find: () => T): T | undefined {
  try {
    return find()
  } catch {
    return undefined
  }
}

const targetFor = (command: Command | undefined, terminal: Terminal): Target | undefined =>
  command === undefined ? undefined : ifPossible(() => targetOf(command.optsWithGlobals<GlobalOptions>(), terminal))

function subjectOf (command: Command | undefined, terminal: Terminal, target: Target | undefined): Subject {
  if (command === undefined) return { command: '' }
  const options = command.optsWithGlobals<NamingOptions>()
  const index = command.registeredArguments.findIndex((argument) => argument.name() === 'name')
  const name: unknown = command.processedArgs[index]
  return {
    command: command.name(),
    name: typeof name === 'string' ? name : undefined,
    env: ifPossible(() => chosenEnvironment(options, terminal)),
    url: target?.url,
    tokenFrom: target?.token === undefined ? undefined : options.token === undefined ? 'SECRETS_GATEWAY_TOKEN' : '--token',
    hasVersion: options.ifVersion !== undefined
  }
}

/** Returns a sentence with the name of the unknown environment, and the names of the environments that the caller can see. */
async function environmentStep (command: Command, { env }: Subject, terminal: Terminal): Promise<string | undefined> {
  const options = command.optsWithGlobals<NamingOptions>()
  const index = command.registeredArguments.findIndex((argument) => argument.name() === 'environments')
  const listed: unknown = command.processedArgs[index]
  const named = [options.from, options.to, ...Array.isArray(listed) ? listed.flatMap((item) => String(item).split(',')) : []]
  const wanted = named.some((name) => name !== undefined) ? named : [env]
  try {
    const { data } = await gatewayOf(options, terminal).GET('/environments', { signal: AbortSignal.timeout(timeout) })
    const visible = (data?.items ?? []).map(({ name }) => name)
    const unknown = wanted.find((name) => name !== undefined && !visible.includes(name))
    if (unknown === undefined) return undefined
    const choice = visible.length === 0 ? 'You can see none: ask the platform team for access' : `You can see: ${visible.join(', ')}`
    return `No environment ${unknown}, or you may not see it. ${choice}`
  } catch {
    return undefined
  }
}
