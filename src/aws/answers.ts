import { AsyncLocalStorage } from 'node:async_hooks'
import type { SecretsManager } from './types.ts'

/** Is told AWS's ID of each answer, as CloudTrail has it: also of an exception, and of each try where there are several. */
export type AnswerListener = (awsRequestId: string) => void

const listeners = new AsyncLocalStorage<AnswerListener>()

/** Does something, and tells of each answer that AWS gives in its course. */
export const listenToAnswers = <T>(listener: AnswerListener, work: () => T): T => listeners.run(listener, work)

/** Has a client's answers told to whoever listens. */
export function tellAnswers ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>): void {
  middlewareStack.add((next) => async (args) => {
    try {
      const result = await next(args)
      tell(result.output)
      return result
    } catch (error) {
      tell(error)
      throw error
    }
  }, { step: 'deserialize', priority: 'high', name: 'answers' })
}

function tell (answer: unknown): void {
  const { $metadata }: { $metadata?: { requestId?: string } } = Object(answer) as object
  if ($metadata?.requestId !== undefined) listeners.getStore()?.($metadata.requestId)
}
