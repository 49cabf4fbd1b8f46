import type { Trail } from '#src/audit/trail'
import { aboutRequest, intentEntry, newEvidence, type DeclaredNames, type Evidence } from '#src/request/audit-entries'
import type { Step } from '#src/request/step'

/**
 * Records the request before it is carried out, and waits until the record is as durable as configured. If the reply may come
 * from the cache, the intent is recorded later, just before something is sent to AWS.
 *
 * @throws Problem `audit-unavailable`
 */
export const recordIntent = ({ append }: Pick<Trail, 'append'>, declared: () => DeclaredNames): Step => (request) => {
  const about = aboutRequest(request, declared())
  const record = async (evidence: Evidence): Promise<void> => { evidence.intent = await append([intentEntry(about, request)]) }
  if (request.route.config.mayUseCache === true) {
    let recorded: Promise<void> | undefined
    const evidence = newEvidence(about, async () => recorded ??= record(evidence))
    return { evidence }
  }
  const evidence = newEvidence(about)
  return record(evidence).then(() => ({ evidence }))
}
