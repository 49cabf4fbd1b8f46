import type { Trail } from '#src/audit/trail'
import { intentEntry, type DeclaredNames } from '#src/request/audit-entries'
import type { Step } from '#src/request/step'

/**
 * Records what is about to be done, and waits until the record is as durable as configured.
 *
 * @throws Problem `audit-unavailable`
 */
export const recordIntent = ({ append }: Pick<Trail, 'append'>, declared: () => DeclaredNames): Step => async (request) => ({
  evidence: { intent: await append([intentEntry(request, declared())]), awsRequestIds: [], decisions: [] }
})
