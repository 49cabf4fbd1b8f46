import { Type, type Static } from '@sinclair/typebox'
import type { Problem } from '#src/problems/problem'
import { Enum, ProblemRef } from '#src/schema/types'
import { bulkReply, type BulkItemReply } from '#src/secrets/bulk/reply'
import { Counts } from '#src/secrets/bulk/schemas'
import { Timestamp } from '#src/secrets/schemas'
import { jobStates, secondsLeft, stateOf, type Job } from './job.ts'

export const JobReply = Type.Object({
  id: Type.String({ description: 'The job\'s ID', examples: ['0c5dbf04-97f1-4f0c-8e2f-6a4b4f6d1f0e'] }),
  state: Enum(jobStates, { description: '`stopping`: no further secret is begun' }),
  environment: Type.String({ description: 'Where', examples: ['dev'] }),
  createdDate: Timestamp('When it was started'),
  endedDate: Type.Optional(Timestamp('When it ended; it is kept for an hour after that')),
  total: Type.Integer({ description: 'Secrets in the request' }),
  done: Type.Integer({ description: 'Secrets that are done' }),
  counts: Counts,
  secondsLeft: Type.Optional(Type.Integer({ description: 'How long it still takes if it goes on as it has' })),
  status: Type.Optional(Type.Integer({ description: 'The status that the request would have been answered with', examples: [201] })),
  result: Type.Optional(Type.Unsafe<ReturnType<typeof bulkReply>>({ $ref: 'BulkCreateReply#' })),
  problem: Type.Optional(ProblemRef)
}, { $id: 'Job', title: 'Job', description: 'A bulk create that runs by itself. `result` is there once it has ended' })

/** Returns a job in its JSON form. `elapsed` is the time of the monotonic clock. */
export function jobReply (
  job: Job, elapsed: number, problemBody: (problem: Problem) => Record<string, unknown>
): Static<typeof JobReply> {
  const left = secondsLeft(job, elapsed)
  const { id, environment, total, done, counts, summary, problem, endedAt } = job
  return {
    id,
    state: stateOf(job),
    environment,
    createdDate: new Date(job.createdAt).toISOString(),
    ...(endedAt !== undefined && { endedDate: new Date(endedAt).toISOString() }),
    total,
    done,
    counts,
    ...(left !== undefined && { secondsLeft: left }),
    ...(summary !== undefined && { status: summary.status, result: bulkReply(inOrder(job), summary) }),
    ...(problem !== undefined && { problem: problemBody(problem) })
  }
}

const inOrder = ({ settled }: Job): BulkItemReply[] =>
  [...settled].sort((one, other) => one.index - other.index).map(({ item }) => item)
