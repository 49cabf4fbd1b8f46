import type { CallerTurns } from '#src/scheduling/caller-turns'
import { flightOf } from './call.ts'
import type { SecretsManager } from './types.ts'

/**
 * Makes each attempt wait for its caller's turn before it is signed and sent, and again before its reply is parsed. Otherwise the
 * replies to many calls of one caller could arrive at once, and other callers would wait until all of them are parsed.
 */
export function takeTurns ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>, turns: CallerTurns): void {
  const turn = async (args: { input: object }): Promise<void> => turns.wait(flightOf(args).call.callerId ?? '')
  const beforeSending = <Args extends { input: object }, Result>(next: (args: Args) => Promise<Result>) => async (args: Args) => {
    await turn(args)
    return next(args)
  }
  const beforeParsing = <Args extends { input: object }, Result>(next: (args: Args) => Promise<Result>) => async (args: Args) => {
    const result = await next(args)
    await turn(args)
    return result
  }
  middlewareStack.addRelativeTo(beforeSending, { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'turnToSend' })
  middlewareStack.addRelativeTo(beforeParsing, { relation: 'after', toMiddleware: 'deserializerMiddleware', name: 'turnToParse' })
}
