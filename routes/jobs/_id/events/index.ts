import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { EventStream, sendEvents } from '#src/http/event-stream'
import { onceClosed } from '#src/http/once-closed'
import { JobParams, Query, withProblems } from '#src/http/schemas'
import { jobEvents, lastEvent } from '#src/jobs/events'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'Own' },
    schema: {
      operationId: 'followJob',
      tags: ['jobs'],
      summary: 'Follow a job',
      description: 'Server-Sent Events: `item` when the result of a secret is final, `progress` at most once a second while the ' +
        'job runs, and `end`. `Last-Event-ID` resumes where the last connection broke off. If that was the end, the reply is 204, ' +
        'at which browsers stop reconnecting.',
      params: JobParams,
      querystring: Query({}),
      headers: Type.Object({
        'last-event-id': Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'The ID of the last event ' +
          'that was received' }))
      }),
      response: {
        200: EventStream,
        204: Type.Null({ description: 'There are no more events' }),
        ...withProblems('not-found', 'shared-state-unavailable')
      }
    },
    handler: async (request, reply) => {
      const job = await fastify.jobs.find(request.caller.id, request.params.id)
      request.reportOutcome({ job: job.id })
      const after = request.headers['last-event-id'] ?? 0
      if (after >= lastEvent(job)) return reply.code(204).send(null)
      onceClosed(reply.raw, fastify.eventStreams.enter(request.caller.id))
      return sendEvents(reply, jobEvents(fastify.jobs, job, after, fastify.monotonic))
    }
  })
}

export default routes
