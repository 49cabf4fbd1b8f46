import { flightOf } from './call.ts'
import type { SecretsManager } from './types.ts'

/**
 * Passes the AWS request ID of every response, including error responses, to the call's `onResponse`. A retried call has several
 * responses, each with its own ID. CloudTrail records the same IDs.
 */
export function captureRequestIds ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>): void {
  // The deserialize step runs once per attempt, so the IDs of failed attempts are passed on, too.
  middlewareStack.add((next) => async (args) => {
    const { onResponse } = flightOf(args).call
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
