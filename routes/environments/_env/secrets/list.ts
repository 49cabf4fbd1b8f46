import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { CredentialHeader, EnvironmentParams, NextCursor, Page, Query, Ref, Reply, withAwsProblems } from '#src/http/schemas'
import { Enum } from '#src/schema/types'
import { listSecrets, sorts } from '#src/secrets/list'
import { ListFilters, SecretMetadata } from '#src/secrets/schemas'
import { Unaddressable } from '#src/secrets/unaddressable'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'ListSecrets' },
    schema: {
      operationId: 'listSecrets',
      tags: ['secrets'],
      summary: 'List secrets',
      description: 'Returns the metadata of each secret that the caller may see, never a value. A secret must match all ' +
        'filters. `namePrefix` and `tag` match exactly; AWS\'s own filters match beginnings, and more than their names ' +
        'suggest. Pages depend only on the secrets that the caller may see. AWS\'s lists may lack the changes of the last five ' +
        'minutes.',
      params: EnvironmentParams,
      querystring: Query({
        ...ListFilters.properties,
        includePlannedDeletion: Type.Optional(Type.Boolean({ default: false, description: 'Include secrets that are scheduled ' +
          'for deletion' })),
        sort: Type.Optional(Enum(sorts, { description: 'The sort key; a leading `-` reverses the order. Defaults to the date of creation' })),
        ...Page
      }),
      headers: CredentialHeader,
      response: {
        200: Reply('A page of secrets', Type.Object({
          items: Type.Array(Ref(SecretMetadata)),
          nextCursor: NextCursor,
          unaddressable: Type.Optional(Unaddressable)
        })),
        ...withAwsProblems()
      }
    },
    handler: async (request) => listSecrets(request.scope, fastify.cursors, request.query)
  })
}

export default routes
