import type { Problem } from '#src/problems/problem'
import { catalogueEntry } from '#src/problems/catalogue'
import { faultOf } from './faults.ts'

/** The media type of AWS's protocol. */
export const awsJson = 'application/x-amz-json-1.1'

/** Returns the headers of a reply in AWS's protocol. */
export const replyHeaders = (requestId: string): Record<string, string> =>
  ({ 'content-type': awsJson, 'x-amzn-requestid': requestId, 'cache-control': 'no-store' })

interface FaultReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Returns the error reply for a problem, in AWS's protocol. */
export function faultReply (problem: Problem, { id: requestId }: { id: string }): FaultReply {
  const { type, message, status } = faultOf(problem)
  const { retryAfter = catalogueEntry(problem.code).retryAfter } = problem.options
  return {
    status,
    headers: { ...replyHeaders(requestId), ...retryAfter !== undefined && { 'retry-after': String(retryAfter) } },
    body: Buffer.from(JSON.stringify({ __type: type, Message: message }))
  }
}
