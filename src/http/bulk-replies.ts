import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Budget } from '#src/admission/budget'
import type { SecretOutcome } from '#src/audit/secret-outcome'
import type { JobRequest, Jobs } from '#src/jobs/port'
import { jobReply } from '#src/jobs/schemas'
import { Problem, withoutMessage } from '#src/problems/problem'
import { auditBeforeEmit } from '#src/secrets/bulk/audit-before-emit'
import type { BulkOutcome } from '#src/secrets/bulk/plan'
import { bulkItemReply, bulkReply, resultBytes, type BulkItemReply } from '#src/secrets/bulk/reply'
import type { BulkRun } from '#src/secrets/bulk/run'
import { mapInTurns } from '#src/scheduling/turns'
import { logMembers } from '#src/tracing/span'
import { problemBody, problemHeaders } from './problem-reply.ts'

/** The media type of a bulk create's reply when it is streamed as JSON lines. */
export const ndjson = 'application/x-ndjson'

const nothing = (): void => undefined

/** Converts outcomes for the audit trail. The outcomes of a dry run are recorded as `planned`. */
export const toRecord = ({ dryRun }: BulkRun, outcomes: readonly BulkOutcome[]): SecretOutcome[] =>
  outcomes.map((outcome) => dryRun ? { ...outcome, result: 'planned' } : outcome)

const withRecords = (request: FastifyRequest, bulk: BulkRun): BulkRun =>
  auditBeforeEmit(bulk, async (outcomes) => request.reportSecrets(toRecord(bulk, outcomes)))

const toReply = (request: FastifyRequest) => (outcome: BulkOutcome): BulkItemReply =>
  bulkItemReply(outcome, (problem) => problemBody(problem, request.id))

/** Wraps a run so that `end` is called when the run has ended. */
export const endingWith = (bulk: BulkRun, end: () => void): BulkRun => ({
  ...bulk,
  run: async (control) => bulk.run(control).finally(end)
})

/**
 * Wraps a run so that the memory of the request's body and of the results counts against the caller's budget until the run has
 * ended. The run may outlive the request.
 */
export const holdingMemory = ({ found, scope }: FastifyRequest, memory: Budget, bulk: BulkRun): BulkRun => ({
  ...bulk,
  async run (control) {
    const { bodyBytes = 0, bodyReservation } = found
    // The body's memory is counted twice for a moment, but nothing else can run in that moment.
    const { release } = memory.charge(scope.callerId, bodyBytes + bulk.total * resultBytes)
    bodyReservation?.release()
    return endingWith(bulk, release).run(control)
  }
})

/** Runs a bulk create, and sends all results in one JSON document when it has ended. */
export async function sendAtOnce (
  request: FastifyRequest, reply: FastifyReply, bulk: BulkRun, signal: AbortSignal
): Promise<FastifyReply> {
  const outcomes: BulkOutcome[] = []
  const summary = await bulk.run({ signal, settled: (outcome, index) => { outcomes[index] = outcome }, progress: nothing })
  await request.reportSecrets(toRecord(bulk, outcomes))
  const body = bulkReply(await mapInTurns(outcomes, toReply(request)), summary)
  const { status, code } = summary
  return code === undefined ? reply.code(status).send(body) : sendResultsAsProblem(request, reply, code, body)
}

/** Sends the results of a bulk request, together with the problem of the request as a whole. */
export function sendResultsAsProblem (
  request: FastifyRequest, reply: FastifyReply, code: 'not-all-done' | 'some-failed', results: object
): FastifyReply {
  const problem = new Problem(code)
  const body = { ...problemBody(problem, request.id), ...results }
  return reply.code(problem.status).headers(problemHeaders(problem)).send(JSON.stringify(body))
}

/**
 * Runs a bulk create. Sends a line of JSON for each secret as soon as its result is final, and the summary as the last line. The
 * results of an atomic run are final only when it ends. Until then, the lines report only the number of completed secrets. If the
 * client does not read the lines, the run waits.
 */
export function sendLines (
  request: FastifyRequest, reply: FastifyReply, bulk: BulkRun, signal: AbortSignal
): FastifyReply {
  const lines = new PassThrough()
  // Without a listener, an `error` event would crash the process if the run failed before Fastify listens for errors.
  lines.on('error', nothing)
  const itemReply = toReply(request)
  const write = (line: object): void => {
    // If the client has disconnected, the secrets that were still in progress get no line.
    if (!lines.destroyed) lines.write(`${JSON.stringify(line)}\n`)
  }
  const settled = (outcome: BulkOutcome): void => { write(itemReply(outcome)) }
  const progress = (done: number): void => { write({ done }) }
  let draining: Promise<unknown> | undefined
  const ready = async (stop: AbortSignal): Promise<void> => {
    if (lines.destroyed || !lines.writableNeedDrain) return
    draining ??= once(lines, 'drain', { signal: stop }).catch(nothing).finally(() => { draining = undefined })
    await draining
  }
  withRecords(request, bulk).run({ signal, settled, progress, ready }).then((summary) => {
    write({ summary })
    lines.end()
  }, (fault: unknown) => {
    logFault(request, fault)
    // Cuts off the reply before the summary, so that the client can tell that the reply is incomplete.
    lines.destroy(fault instanceof Problem ? fault : new Problem('internal-error'))
  })
  return reply.type(ndjson).send(lines)
}

/**
 * Starts a bulk create as a job, or finds the job that an earlier request with the same `Idempotency-Key` started. Sends the
 * job's path and state.
 */
export async function sendJob (
  request: FastifyRequest, reply: FastifyReply, jobs: Jobs, bulk: BulkRun, { proof, fingerprint }: Pick<JobRequest, 'proof' | 'fingerprint'>
): Promise<FastifyReply> {
  const job = await jobs.start({
    scope: request.scope,
    caller: request.caller,
    proof,
    requestId: request.id,
    peer: request.found.peer,
    fingerprint,
    bulk: withRecords(request, bulk),
    toReply: toReply(request),
    begun: (id) => { request.reportOutcome({ job: id }) },
    ended: (fault) => { if (fault !== undefined) logFault(request, fault) }
  })
  request.reportOutcome({ job: job.id })
  return reply
    .code(202)
    .headers({ location: `/jobs/${job.id}`, 'preference-applied': 'respond-async' })
    .send(await jobReply(jobs, job, (problem) => problemBody(problem, request.id)))
}

const logFault = (request: FastifyRequest, fault: unknown): void => {
  const thrown = fault instanceof Error ? withoutMessage(fault) : undefined
  request.log.error({ ...logMembers(request.found.trace), thrown }, 'bulk create failed')
}
