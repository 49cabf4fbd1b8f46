import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { publicProblems, Reply } from '#src/http/schemas'
import { Problem } from '#src/problems/problem'

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
      description: 'Whether the process runs; restart it where it does not answer.',
      security: [],
      response: { 200: Reply('It runs', Health), ...publicProblems() }
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
      description: 'Whether requests may be sent here: not while the audit trail can not be written, since all would be refused. It does ' +
        'not ask AWS: a gateway that AWS does not answer is no worse than its siblings. Nor once the gateway has begun to shut down.',
      security: [],
      response: { 200: Reply('It takes requests', Health), ...publicProblems('audit-unavailable', 'overloaded') }
    },
    handler: async () => {
      if (fastify.stopping.aborted) throw new Problem('overloaded', { reason: 'shutdown' })
      if (!fastify.audit.isWritable) throw new Problem('audit-unavailable', { unrecorded: true })
      return { status: 'ok' as const }
    }
  })
}

export default routes
