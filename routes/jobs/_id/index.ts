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
      summary: 'Read a job',
      description: 'Returns the progress and the result of a bulk create that was sent with `Prefer: respond-async`. Only the ' +
        'caller who started a job can read it, and only on the replica that runs it, unless the replicas share their state. It ' +
        'is kept for an hour after its end, or for less if the results of ended jobs take too much memory: the callers whose ' +
        'jobs take the most then lose some.',
      params: JobParams,
      querystring: Query({}),
      response: { 200: Reply('The job', Ref(JobReply)), ...withProblems('not-found', 'shared-state-unavailable') }
    },
    handler: async (request) => {
      const job = await fastify.jobs.find(request.caller.id, request.params.id)
      request.reportOutcome({ job: job.id })
      return jobReply(fastify.jobs, job, (problem) => problemBody(problem, request.id))
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
      description: 'No further secret is started, and secrets in progress are finished. An atomic job is rolled back; if another ' +
        'replica has continued it, only that replica\'s changes are. A job that has ended stays as it is.',
      params: JobParams,
      querystring: Query({}),
      response: { 200: Reply('The job, which ends soon or has ended', Ref(JobReply)), ...withProblems('not-found', 'shared-state-unavailable') }
    },
    handler: async (request) => {
      const job = await fastify.jobs.cancel(request.caller.id, request.params.id)
      request.reportOutcome({ job: job.id })
      return jobReply(fastify.jobs, job, (problem) => problemBody(problem, request.id))
    }
  })
}

export default routes
