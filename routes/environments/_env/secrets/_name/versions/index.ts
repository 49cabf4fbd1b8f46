import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { CredentialHeader, NextCursor, Page, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { listVersions } from '#src/secrets/metadata'
import { SecretVersion } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'ListSecretVersionIds' },
    schema: {
      operationId: 'listVersions',
      tags: ['versions'],
      summary: 'List a secret\'s versions',
      description: 'Returns the versions and their staging labels; versions without a label only with `includeDeprecated`. ' +
        'Versions that a rotation has created and not given a value yet are included.',
      params: SecretParams,
      querystring: Query({
        includeDeprecated: Type.Optional(Type.Boolean({ default: false, description: 'Include versions without a staging label' })),
        ...Page
      }),
      headers: CredentialHeader,
      response: {
        200: Reply('A page of versions', Type.Object({ items: Type.Array(Ref(SecretVersion)), nextCursor: NextCursor })),
        ...withAwsProblems('secret-not-found')
      }
    },
    handler: async (request) => listVersions(request.scope, fastify.cursors, request.secretName, request.query)
  })
}

export default routes
