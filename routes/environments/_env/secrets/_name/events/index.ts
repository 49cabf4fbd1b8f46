import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { EventStream, LastEventId } from '#src/http/event-stream'
import { CredentialHeader, Query, SecretParams, withAwsProblems } from '#src/http/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'DescribeSecret' },
    schema: {
      operationId: 'followSecret',
      tags: ['secrets'],
      summary: 'Follow a secret',
      description: 'Returns Server-Sent Events: `version` for the current version and then for each new one, `gone` if the secret can ' +
        'no longer be read, and `end` if the caller may no longer follow it. Events contain version IDs, but no values. With ' +
        '`Last-Event-ID`, nothing is sent again unless something has changed.',
      params: SecretParams,
      querystring: Query({}),
      headers: Type.Object({ ...CredentialHeader.properties, ...LastEventId }),
      response: { 200: EventStream, ...withAwsProblems('cache-disabled') }
    },
    handler: async (request, reply) => fastify.sendChanges(request, reply, { names: [request.secretName] })
  })
}

export default routes
