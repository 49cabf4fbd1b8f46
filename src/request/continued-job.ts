import type { Budget } from '#src/admission/budget'
import type { Trail } from '#src/audit/trail'
import { denied } from '#src/authorization/decision'
import { endingWith, toRecord } from '#src/http/bulk-replies'
import { problemBody } from '#src/http/problem-reply'
import type { Continue } from '#src/jobs/shared/shared-jobs'
import { Problem } from '#src/problems/problem'
import { auditBeforeEmit } from '#src/secrets/bulk/audit-before-emit'
import { bulkItemReply, resultBytes } from '#src/secrets/bulk/reply'
import { bulkRun, type BulkRun } from '#src/secrets/bulk/run'
import { newEvidence } from './audit-entries.ts'
import { longRunningDecisions } from './long-running.ts'
import { openScope, type Requester, type ScopeContext } from './scopes.ts'
import { secretEntries, type About } from './secret-entries.ts'

export interface ContinueContext extends ScopeContext {
  readonly append: Trail['append']
  readonly memory: Budget
}

/**
 * Prepares a job that another replica has left, so that this replica can continue it. The caller is still the one who started the
 * job, but this replica's configuration and policies apply. This replica's audit trail records the continuation of the job, the
 * result of each secret, and the end.
 *
 * @throws Problem `forbidden` if the policies deny it, or if this replica does not know the caller, the environment or the
 * credential
 */
export const continueJob = ({ append, memory, ...context }: ContinueContext): Continue => async (id, { origin, plan }) => {
  const { proof, requestId, peer, environment: name, credentialId, idempotencyKey } = origin
  const { current, decide, sees } = longRunningDecisions(context, proof)
  const caller = current()
  const environment = context.environments().get(name)
  const about: About = {
    requestId,
    caller: caller ?? origin.caller,
    peer,
    operation: 'bulkCreateSecrets',
    action: 'CreateSecret',
    environment: name,
    credential: credentialId,
    job: id
  }
  const decision = environment === undefined ? denied : decide('CreateSecret', environment, credentialId)
  if (caller === undefined || environment === undefined || !decision.allowed) {
    const reason = caller === undefined ? 'caller-gone' : undefined
    await append([{ event: 'denial', ...about, decision, status: 403, code: 'forbidden', reason }])
    throw new Problem('forbidden')
  }
  const evidence = newEvidence(about)
  evidence.intent = await append([{ event: 'intent', ...about, decision }])
  const requester: Requester = { evidence, caller, decide, found: { environment }, sees }
  const opened = openScope(requester, environment, credentialId, context)
  const scope = { ...opened, ...idempotencyKey !== undefined && { idempotencyKey } }
  const told = { ...about, intent: evidence.intent }
  let items = 0
  const recorded = auditBeforeEmit(bulkRun(scope, plan), async (outcomes) => {
    items += outcomes.length
    await append(await secretEntries(told, toRecord(bulk, outcomes), evidence.decisions))
  })
  const bulk: BulkRun = {
    ...recorded,
    async run (control) {
      const { release } = memory.charge(caller.id, plan.items.length * resultBytes)
      const summary = await endingWith(recorded, release).run(control)
      const { awsRequestIds, awsCalls } = evidence
      await append([{
        event: 'outcome',
        ...told,
        items,
        status: summary.status,
        awsRequestIds: awsRequestIds.length === 0 ? undefined : awsRequestIds,
        awsCalls: awsCalls > awsRequestIds.length ? awsCalls : undefined
      }])
      return summary
    }
  }
  return { bulk, toReply: (outcome) => bulkItemReply(outcome, (problem) => problemBody(problem, requestId)) }
}
