import type { Lane } from '#src/admission/lane'
import { waitInSpan } from '#src/tracing/span'
import { beginWriting, flightOf, operationOf } from './call.ts'
import { problemFrom } from './exception-rules.ts'
import type { SecretsManager } from './types.ts'

/** The part of the SDK's handler context that the middleware uses. */
interface Context {
  commandName?: string
}

/**
 * Makes every attempt at a client's calls wait until the lane admits it. An attempt holds its slot until AWS's response has been
 * read completely. The wait does not count towards the call's deadline.
 *
 * @param onThrottled called with the operation of each attempt that AWS throttles
 */
export function admitAttempts (
  { middlewareStack }: Pick<SecretsManager, 'middlewareStack'>, lane: Lane, onThrottled: (operation: string) => void = () => undefined
): void {
  const admitted = <Args extends { input: object }, Result>(next: (args: Args) => Promise<Result>, { commandName = '' }: Context) => {
    const operation = operationOf(commandName)
    return async (args: Args): Promise<Result> => {
      const { call, deadline, isRead, owner } = flightOf(args)
      const { callerId = '', environment, background, span } = call
      deadline.pause()
      const leave = await waitInSpan(span, 'wait for admission', lane.enter({
        callerId,
        environment: environment.name,
        operation,
        priority: background === undefined ? 'foreground' : 'background',
        signals: owner === undefined ? [deadline.signal] : [deadline.signal, owner]
      }))
      deadline.resume()
      if (!isRead) beginWriting(call)
      try {
        return await next(args)
      } catch (error) {
        if (isThrottling(error)) {
          lane.slowDown(operation)
          onThrottled(operation)
        }
        throw error
      } finally {
        leave()
      }
    }
  }
  // This middleware runs inside the retry loop, so that retries wait, too. It runs before signing, because a signature could
  // expire during the wait.
  middlewareStack.addRelativeTo(admitted, { relation: 'before', toMiddleware: 'httpSigningMiddleware', name: 'admission' })
}

const isThrottling = (error: unknown): boolean =>
  error instanceof Error && problemFrom(error, { operation: '', credentialId: '' }).code === 'aws-throttled'
