import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problemBody } from '../../../../src/http/problem.ts'
import {
  bodyProblems, CredentialHeader, EnvironmentParams, NextCursor, Page, Query, Ref, Reply, withAwsProblems
} from '../../../../src/http/schemas.ts'
import { Enum } from '../../../../src/typebox.ts'
import { bulkCreate } from '../../../../src/secrets/bulk/create.ts'
import { bulkReply } from '../../../../src/secrets/bulk/reply.ts'
import { BulkCreateBody, BulkCreateReply } from '../../../../src/secrets/bulk/schemas.ts'
import { listSecrets, sorts } from '../../../../src/secrets/list.ts'
import { Filters, SecretMetadata } from '../../../../src/secrets/schemas.ts'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'ListSecrets' },
    schema: {
      operationId: 'listSecrets',
      tags: ['secrets'],
      summary: 'List secrets',
      description: 'What is known about each secret that the caller may see; never a value. The filters are AWS\'s, and all of them ' +
        'must match. A page may hold fewer items than `limit` although more follow.',
      params: EnvironmentParams,
      querystring: Query({
        ...Filters.properties,
        includePlannedDeletion: Type.Optional(Type.Boolean({ default: false, description: 'Also those scheduled for deletion' })),
        sort: Type.Optional(Enum(sorts, { description: 'By what; `-` in front reverses. By creation where absent' })),
        ...Page
      }),
      headers: CredentialHeader,
      response: {
        200: Reply('A page of secrets', Type.Object({ items: Type.Array(Ref(SecretMetadata)), nextCursor: NextCursor })),
        ...withAwsProblems()
      }
    },
    handler: async (request) => listSecrets(request.scope, request.query)
  })

  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'CreateSecret', bodyNamesCredential: true },
    bodyLimit: 16 * 1024 * 1024,
    schema: {
      operationId: 'bulkCreateSecrets',
      tags: ['secrets'],
      summary: 'Create many secrets',
      description: 'Makes sure that the environment has these secrets; what deployment pipelines call. Each secret has its own result, ' +
        'and one that fails does not hold up the others. With `onConflict: skip` the call can be repeated as often as need be.',
      params: EnvironmentParams,
      querystring: Query({}),
      headers: CredentialHeader,
      body: BulkCreateBody,
      response: {
        200: Reply('Not all were created, or this is the plan', Ref(BulkCreateReply)),
        201: Reply('All were created', Ref(BulkCreateReply)),
        ...withAwsProblems(...bodyProblems)
      }
    },
    handler: async (request, reply) => {
      const outcomes = await bulkCreate(request.scope, request.body)
      const body = bulkReply(outcomes, request.body.dryRun ?? false, (problem) => problemBody(problem, request.id))
      const allCreated = !body.dryRun && body.counts.created === outcomes.length
      return reply.code(allCreated ? 201 : 200).send(body)
    }
  })
}

export default routes
