import { Readable } from 'node:stream'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { RequestId } from '#src/http/problem-reply'
import { JobParams, Query, withProblems } from '#src/http/schemas'
import { jobEvents, lastEvent } from '#src/jobs/events'

const eventStream = 'text/event-stream'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'Own' },
    schema: {
      operationId: 'followJob',
      tags: ['jobs'],
      summary: 'Follow a job',
      description: 'Server-Sent Events: `item` when the result of a secret is final, `progress` once a second while the job ' +
        'runs, and `end`. `Last-Event-ID` resumes where the last connection broke off. After the end, the reply is 204, at ' +
        'which browsers stop reconnecting.',
      params: JobParams,
      querystring: Query({}),
      headers: Type.Object({
        'last-event-id': Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000, description: 'The ID of the last event ' +
          'that was received' }))
      }),
      response: {
        200: Type.Unsafe<Readable>({
          description: 'The events',
          headers: RequestId,
          content: { [eventStream]: { schema: { type: 'string', description: 'Server-Sent Events' } } }
        }),
        204: Type.Null({ description: 'There are no more events' }),
        ...withProblems('not-found')
      }
    },
    handler: async (request, reply) => {
      const job = fastify.jobs.find(request.caller.id, request.params.id)
      request.reportOutcome({ job: job.id })
      const after = request.headers['last-event-id'] ?? 0
      if (after >= lastEvent(job)) return reply.code(204).send(null)
      reply.raw.once('close', fastify.eventStreams.take(request.caller.id))
      return reply
        .type(eventStream)
        // Without `x-accel-buffering: no`, proxies such as nginx would buffer the events.
        .headers({ 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
        .send(Readable.from(jobEvents(job, after, fastify.monotonic)))
    }
  })
}

export default routes
