import { withAttempts } from './attempts.ts'
import { flightOf, namedCredential, operationOf } from './call.ts'
import { isDefect, isKeyRefusal, problemFrom } from './exception-rules.ts'
import type { SecretsManager } from './types.ts'

/**
 * Makes a client's calls reject with a `Problem` instead of an exception from AWS or the SDK. Errors caused by bugs in the
 * gateway are rethrown unchanged.
 *
 * @param onKeyRefusal called when AWS refuses the client's keys
 */
export function convertExceptions (
  { middlewareStack }: Pick<SecretsManager, 'middlewareStack'>, onKeyRefusal: () => void
): void {
  middlewareStack.add((next, { commandName = '' }) => async (args) => {
    try {
      return await next(args)
    } catch (error) {
      if (isDefect(error) || !(error instanceof Error)) throw error
      const operation = operationOf(commandName)
      throw withAttempts(error, { operation, input: args.input, ...namedCredential(flightOf(args).call) })
    }
  }, { step: 'initialize', priority: 'high', name: 'problems' })
  // The SDK mistakes an exceeded service quota for throttling, and would retry the call. It does not retry a `Problem`, so this
  // middleware, which runs on every attempt, throws one.
  middlewareStack.add((next) => async (args) => {
    try {
      return await next(args)
    } catch (error) {
      if (!(error instanceof Error)) throw error
      if (isKeyRefusal(error)) onKeyRefusal()
      if (error.name !== 'LimitExceededException') throw error
      throw problemFrom(error, { operation: '' })
    }
  }, { step: 'finalizeRequest', priority: 'low', name: 'finalProblems' })
}
