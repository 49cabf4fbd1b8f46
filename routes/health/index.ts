import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { whyNotReady } from '#src/http/readiness'
import { publicProblems, Reply } from '#src/http/schemas'

const Health = Type.Object({ status: Type.Literal('ok') })

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '/live',
    config: { action: 'Public', rateLimit: false, servedWhenOverloaded: true },
    schema: {
      operationId: 'isLive',
      tags: ['health'],
      summary: 'Liveness',
      description: 'Shows whether the process runs. Restart it if it does not reply.',
      security: [],
      response: { 200: Reply('The process runs', Health), ...publicProblems() }
    },
    handler: async () => ({ status: 'ok' as const })
  })

  fastify.route({
    method: 'GET',
    url: '/ready',
    config: { action: 'Public', rateLimit: false, servedWhenOverloaded: true },
    schema: {
      operationId: 'isReady',
      tags: ['health'],
      summary: 'Readiness',
      description: 'Shows whether requests may be sent here. This is not so while the audit trail can\'t be written, because ' +
        'all requests except public ones would be refused, nor once the gateway has begun to shut down. AWS is not called: if ' +
        'AWS does not answer, other replicas of the gateway are no better off.',
      security: [],
      response: { 200: Reply('The gateway accepts requests', Health), ...publicProblems('audit-unavailable', 'overloaded') }
    },
    handler: async () => {
      const problem = whyNotReady(fastify)
      if (problem !== undefined) throw problem
      return { status: 'ok' as const }
    }
  })
}

export default routes
