import type { Trail } from '#src/audit/trail'
import { aboutRequest, intentEntry, newEvidence, type DeclaredNames } from '#src/request/audit-entries'
import type { Step } from '#src/request/step'

/**
 * Records the request before it is carried out, and waits until the record is as durable as configured.
 *
 * @throws Problem `audit-unavailable`
 */
export const recordIntent = ({ append }: Pick<Trail, 'append'>, declared: () => DeclaredNames): Step => (request) => {
  const about = aboutRequest(request, declared())
  return append([intentEntry(about, request)])
    .then((intent) => ({ evidence: newEvidence(about, intent) }))
}
