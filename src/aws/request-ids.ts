import { callOf } from './call.ts'
import type { SecretsManager } from './types.ts'

/**
 * Passes the AWS request ID of every response to the call's `onResponse`. CloudTrail records the same IDs. A retried call has
 * several responses, and exceptions have request IDs, too.
 */
export function captureRequestIds ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>): void {
  // The deserialize step runs once per attempt, so the IDs of failed attempts are passed on, too.
  middlewareStack.add((next) => async (args) => {
    const onResponse = callOf(args)?.onResponse
    try {
      const result = await next(args)
      report(result.output, onResponse)
      return result
    } catch (error) {
      report(error, onResponse)
      throw error
    }
  }, { step: 'deserialize', priority: 'high', name: 'requestIds' })
}

function report (response: unknown, onResponse: ((awsRequestId: string) => void) | undefined): void {
  const { $metadata }: { $metadata?: { requestId?: string } } = Object(response) as object
  if ($metadata?.requestId !== undefined) onResponse?.($metadata.requestId)
}
