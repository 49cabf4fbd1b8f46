import { Type, type Static } from '@sinclair/typebox'
import { Problem } from '#src/problems/problem'
import { Enum, ProblemRef } from '#src/schema/types'
import { bulkReply, type BulkItemReply } from '#src/secrets/bulk/reply'
import { Counts } from '#src/secrets/bulk/schemas'
import { Timestamp } from '#src/secrets/schemas'
import { jobStates, type Job, type Settled } from './job.ts'
import type { Jobs } from './port.ts'

export const JobReply = Type.Object({
  id: Type.String({ description: 'The job\'s ID', examples: ['0c5dbf04-97f1-4f0c-8e2f-6a4b4f6d1f0e'] }),
  state: Enum(jobStates, { description: '`stopping`: no further secret is started' }),
  environment: Type.String({ description: 'The environment', examples: ['dev'] }),
  createdDate: Timestamp('The time at which the job was started'),
  endedDate: Type.Optional(Timestamp('The time at which the job ended; it is kept for an hour after that, or until the memory is needed')),
  total: Type.Integer({ description: 'The number of secrets in the request' }),
  done: Type.Integer({ description: 'The number of secrets that are done' }),
  counts: Counts,
  secondsLeft: Type.Optional(Type.Integer({ description: 'The estimated remaining time, judging by the progress so far' })),
  status: Type.Optional(Type.Integer({ description: 'The status that a synchronous request would have had', examples: [201] })),
  result: Type.Optional(Type.Unsafe<ReturnType<typeof bulkReply>>({ $ref: 'BulkCreateReply#' })),
  problem: Type.Optional(ProblemRef)
}, { $id: 'Job', title: 'Job', description: 'A bulk create that runs in the background. Once it has ended, ' +
  '`result` is present, or `problem` if an error ended it' })

/**
 * Returns a job in its JSON form, with its results if it has ended.
 *
 * @throws Problem `not-found` if the job has been removed in the meantime
 */
export async function jobReply (
  jobs: Pick<Jobs, 'results'>, job: Job, problemBody: (problem: Problem) => Record<string, unknown>
): Promise<Static<typeof JobReply>> {
  const { id, state, environment, total, done, counts, secondsLeft, summary, problem, createdAt, endedAt } = job
  const results = summary === undefined ? [] : await jobs.results(job, 0, total)
  if (results === undefined) throw new Problem('not-found')
  return {
    id,
    state,
    environment,
    createdDate: new Date(createdAt).toISOString(),
    ...(endedAt !== undefined && { endedDate: new Date(endedAt).toISOString() }),
    total,
    done,
    counts,
    ...(secondsLeft !== undefined && { secondsLeft }),
    ...(summary !== undefined && { status: summary.status, result: bulkReply(inOrder(results), summary) }),
    ...(problem !== undefined && { problem: problemBody(problem) })
  }
}

const inOrder = (results: readonly Settled[]): BulkItemReply[] =>
  [...results].sort((one, other) => one.index - other.index).map(({ item }) => item)
