import { compact } from '#src/json/compact'
import { failureOf, type Attributes, type Span } from '#src/tracing/span'
import { flightOf } from './call.ts'
import { problemFrom, type AwsException } from './exception-rules.ts'
import type { SecretsManager } from './types.ts'

/** The number of earlier attempts at each command, keyed by the command's input, which is the same for all attempts. */
const earlier = new WeakMap<object, number>()

/** Gives each attempt at a traced call a span. An attempt is one HTTP request to AWS, up to the end of the reply. */
export function traceAttempts ({ middlewareStack }: Pick<SecretsManager, 'middlewareStack'>): void {
  // The deserialize step runs once for each attempt, after the wait for admission.
  middlewareStack.add((next) => async (args) => {
    const { span: parent } = flightOf(args).call
    if (parent === undefined) return next(args)
    const span = beginAttempt(parent, args)
    try {
      const result = await next(args)
      endAttempt(span, result.output)
      return result
    } catch (error) {
      endAttempt(span, error, failureOf(error instanceof Error ? problemFrom(error, { operation: '' }) : error))
      throw error
    }
  }, { step: 'deserialize', priority: 'high', name: 'traceAttempts' })
}

function beginAttempt (parent: Span, { input, request }: { input: object, request: unknown }): Span {
  const resendCount = earlier.get(input) ?? 0
  earlier.set(input, resendCount + 1)
  const { method = 'POST', hostname }: { method?: string, hostname?: string } = Object(request) as object
  const attributes: Attributes = compact({
    'http.request.method': method,
    'server.address': hostname,
    'http.request.resend_count': resendCount === 0 ? undefined : resendCount
  })
  return parent.begin(method, { kind: 'client', attributes })
}

/** Ends an attempt's span. @param answer a reply or an exception, which has metadata if it comes from AWS */
function endAttempt (span: Span, answer: unknown, failure?: string): void {
  const { $metadata: { requestId, httpStatusCode } = {} }: Pick<AwsException, '$metadata'> = Object(answer) as object
  span.set(compact({ 'aws.request_id': requestId, 'http.response.status_code': httpStatusCode }))
  span.end(failure)
}
