import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { seesCredential } from '#src/authorization/visibility'
import { CredentialDescription } from '#src/credentials/schemas'
import { Query, Ref, Reply, withProblems } from '#src/http/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'DescribeCredential' },
    schema: {
      operationId: 'listCredentials',
      tags: ['credentials'],
      summary: 'List AWS credentials',
      description: 'Returns the AWS credentials that the configuration declares, as far as the caller may see them: their IDs, ' +
        'kinds and accounts, but never a key.',
      querystring: Query({}),
      response: {
        200: Reply('The credentials', Type.Object({ items: Type.Array(Ref(CredentialDescription)) })),
        ...withProblems()
      }
    },
    handler: async ({ caller }) => ({
      items: fastify.describeCredentials().filter(({ id }) => seesCredential(fastify.authorize, caller, id))
    })
  })
}

export default routes
