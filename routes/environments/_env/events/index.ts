import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { parseSecretName } from '#src/environments/names'
import { EventStream, LastEventId } from '#src/http/event-stream'
import { CredentialHeader, EnvironmentParams, Query, withAwsProblems } from '#src/http/schemas'
import { invalidRequest } from '#src/problems/problem'
import { ListFilters, Name } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'DescribeEnvironment' },
    schema: {
      operationId: 'followSecrets',
      tags: ['secrets'],
      summary: 'Follow secrets',
      description: 'Returns Server-Sent Events about the secrets that `name` and `namePrefix` select, or about the whole environment, ' +
        'as far as the caller may describe or read them: `version` for each current version and then for each new one, `gone` if a ' +
        'secret can no longer be read, and `end` if the caller may no longer follow them. Events contain version IDs, but no values. ' +
        'The caller needs `DescribeEnvironment` and, unless it only uses `name`, `ListSecrets` or `BatchGetSecretValue`. If it may ' +
        'neither describe nor read a secret in `name`, the reply is 403. `Last-Event-ID` resumes: if nothing has changed, nothing is sent again. A stream has at ' +
        'most 1,000 secrets.',
      params: EnvironmentParams,
      querystring: Query({
        namePrefix: ListFilters.properties.namePrefix,
        name: Type.Optional(Type.Array(Name, {
          minItems: 1, maxItems: 100, uniqueItems: true,
          description: 'The name of a secret. Can be repeated', examples: [['payments/db']]
        }))
      }),
      headers: Type.Object({ ...CredentialHeader.properties, ...LastEventId }),
      response: { 200: EventStream, ...withAwsProblems('cache-disabled') }
    },
    handler: async (request, reply) => {
      const { environment, query: { name: named = [], namePrefix = named.length === 0 ? '' : undefined } } = request
      const names = named.map((text, index) => {
        const parsed = parseSecretName(environment, text)
        if ('mistake' in parsed) throw invalidRequest({ in: 'query', pointer: `/name/${index}`, message: parsed.mistake })
        return parsed.name
      })
      return fastify.sendChanges(request, reply, { names, ...namePrefix !== undefined && { namePrefix } })
    }
  })
}

export default routes
