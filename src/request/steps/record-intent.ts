import { isRead } from '#src/aws/call'
import type { Trail } from '#src/audit/trail'
import { inSpan } from '#src/tracing/span'
import { aboutRequest, intentEntry, newEvidence, type DeclaredNames, type Evidence } from '#src/request/audit-entries'
import { spanOf } from '#src/request/spanned'
import type { Step } from '#src/request/step'

/** The methods of requests that change nothing (RFC 9110, section 9.2.1). */
const safe: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/**
 * Records the request before it is carried out, and waits until the record is as durable as configured. The intent of a request
 * that changes nothing is recorded only when AWS is about to be called.
 *
 * @throws Problem `audit-unavailable`
 */
export const recordIntent = ({ append }: Pick<Trail, 'append'>, declared: () => DeclaredNames): Step => (request) => {
  const about = aboutRequest(request, declared())
  const record = async (evidence: Evidence): Promise<void> => {
    evidence.intent = await inSpan(spanOf(request), 'record intent', async () => append([intentEntry(about, request)]))
  }
  const { method, found: { awsCall } } = request
  if (safe.has(method) || (awsCall !== undefined && isRead(awsCall.operation))) {
    let recorded: Promise<void> | undefined
    const evidence = newEvidence(about, async () => recorded ??= record(evidence))
    return { evidence }
  }
  const evidence = newEvidence(about)
  return record(evidence).then(() => ({ evidence }))
}
