import { PassThrough } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SecretOutcome } from '#src/audit/secret-outcome'
import type { Job } from '#src/jobs/job'
import type { Jobs } from '#src/jobs/jobs'
import { jobReply } from '#src/jobs/schemas'
import { Problem, withoutMessage } from '#src/problems/problem'
import { auditBeforeEmit } from '#src/secrets/bulk/audit-before-emit'
import type { BulkOutcome } from '#src/secrets/bulk/plan'
import { bulkItemReply, bulkReply, type BulkItemReply } from '#src/secrets/bulk/reply'
import type { BulkRun } from '#src/secrets/bulk/run'
import { problemBody, problemHeaders } from './problem.ts'

/** The forms of the reply to a bulk create. */

export const ndjson = 'application/x-ndjson'

const nothing = (): void => undefined

/** What the audit trail says of them. */
const toRecord = ({ dryRun }: BulkRun, outcomes: readonly BulkOutcome[]): SecretOutcome[] =>
  outcomes.map((outcome) => dryRun ? { ...outcome, result: 'planned' } : outcome)

const withRecords = (request: FastifyRequest, bulk: BulkRun): BulkRun =>
  auditBeforeEmit(bulk, async (outcomes) => request.reportSecrets(toRecord(bulk, outcomes)))

const toReply = (request: FastifyRequest) => (outcome: BulkOutcome): BulkItemReply =>
  bulkItemReply(outcome, (problem) => problemBody(problem, request.id))

/** One JSON document, when all is done. */
export async function sendAtOnce (
  request: FastifyRequest, reply: FastifyReply, bulk: BulkRun, signal: AbortSignal
): Promise<FastifyReply> {
  const outcomes: BulkOutcome[] = []
  const summary = await bulk.run({ signal, settled: (outcome, index) => { outcomes[index] = outcome }, progress: nothing })
  await request.reportSecrets(toRecord(bulk, outcomes))
  const body = bulkReply(outcomes.map(toReply(request)), summary)
  if (summary.status !== 409) return reply.code(summary.status).send(body)
  const problem = new Problem('not-all-done')
  return reply.code(409).headers(problemHeaders(problem)).send(JSON.stringify({ ...problemBody(problem, request.id), ...body }))
}

/** A line of JSON for each secret as it becomes final, in an atomic run before that how many are done; and last the summary. */
export function sendLines (
  request: FastifyRequest, reply: FastifyReply, bulk: BulkRun, signal: AbortSignal
): FastifyReply {
  const lines = new PassThrough()
  // The stream may break off before the reply listens to it, and an error without a listener would end the process.
  lines.on('error', nothing)
  const told = toReply(request)
  const write = (line: object): void => {
    // Where nobody listens any more, the work goes on.
    if (!lines.destroyed) lines.write(`${JSON.stringify(line)}\n`)
  }
  const settled = (outcome: BulkOutcome): void => { write(told(outcome)) }
  const progress = (done: number): void => { write({ done }) }
  withRecords(request, bulk).run({ signal, settled, progress }).then((summary) => {
    write({ summary })
    lines.end()
  }, (fault: unknown) => {
    logFault(request, fault)
    // Without a summary, so that nobody takes it for the whole.
    lines.destroy(fault instanceof Problem ? fault : new Problem('internal-error'))
  })
  return reply.type(ndjson).send(lines)
}

/** The address of a job, which goes on by itself. */
export function sendJob (
  request: FastifyRequest, reply: FastifyReply, jobs: Jobs, now: () => number, bulk: BulkRun
): FastifyReply {
  const start = (): Job => jobs.start(request.scope, withRecords(request, bulk), toReply(request), (fault) => {
    if (fault !== undefined) logFault(request, fault)
  })
  const job = (bulk.dryRun ? undefined : jobs.findReusable(request.scope)) ?? start()
  request.reportOutcome({ job: job.id })
  return reply
    .code(202)
    .headers({ location: `/jobs/${job.id}`, 'preference-applied': 'respond-async' })
    .send(jobReply(job, now(), (problem) => problemBody(problem, request.id)))
}

const logFault = (request: FastifyRequest, fault: unknown): void => {
  request.log.error({ ...(fault instanceof Error && { thrown: withoutMessage(fault) }) }, 'bulk create failed')
}
