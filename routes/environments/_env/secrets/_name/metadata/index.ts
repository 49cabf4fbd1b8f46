import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { CredentialHeader, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { describeSecret } from '#src/secrets/metadata'
import { SecretMetadata } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'DescribeSecret' },
    schema: {
      operationId: 'describeSecret',
      tags: ['secrets'],
      summary: 'Describe a secret',
      description: 'Returns the metadata, even of a secret that is scheduled for deletion. The resource policy, and versions without a ' +
        'label, have routes of their own.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      response: {
        200: Reply('The metadata', Ref(SecretMetadata)),
        ...withAwsProblems('secret-not-found')
      }
    },
    handler: async (request) => describeSecret(request.scope, request.secretName)
  })
}

export default routes
