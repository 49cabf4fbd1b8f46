import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problemBody } from '#src/http/problem-reply'
import { JobParams, Query, Ref, Reply, withProblems } from '#src/http/schemas'
import { JobReply, jobReply } from '#src/jobs/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'Own' },
    schema: {
      operationId: 'readJob',
      tags: ['jobs'],
      summary: 'Look at a job',
      description: 'How a bulk create is doing that was sent with `Prefer: respond-async`, and what became of it. A job is there for its ' +
        'caller alone, on the replica that runs it, and for an hour after it has ended.',
      params: JobParams,
      querystring: Query({}),
      response: { 200: Reply('The job', Ref(JobReply)), ...withProblems('not-found') }
    },
    handler: async (request) => {
      const job = fastify.jobs.find(request.caller.id, request.params.id)
      request.reportOutcome({ job: job.id })
      return jobReply(job, fastify.monotonic(), (problem) => problemBody(problem, request.id))
    }
  })

  fastify.route({
    method: 'DELETE',
    url: '',
    config: { action: 'Own' },
    schema: {
      operationId: 'cancelJob',
      tags: ['jobs'],
      summary: 'Cancel a job',
      description: 'No further secret is begun, and what is under way ends; an atomic one is taken back. A job that has ended stays as it is.',
      params: JobParams,
      querystring: Query({}),
      response: { 200: Reply('The job, which ends soon or has ended', Ref(JobReply)), ...withProblems('not-found') }
    },
    handler: async (request) => {
      const job = fastify.jobs.find(request.caller.id, request.params.id)
      request.reportOutcome({ job: job.id })
      fastify.jobs.cancel(job)
      return jobReply(job, fastify.monotonic(), (problem) => problemBody(problem, request.id))
    }
  })
}

export default routes
