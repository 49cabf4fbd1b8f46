import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bodyProblems, CredentialHeader, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { promoteReplica } from '#src/secrets/replicas'
import { WrittenSecret } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'StopReplicationToReplica' },
    schema: {
      operationId: 'promoteReplica',
      tags: ['replicas'],
      summary: 'Promote a replica to a standalone secret',
      description: 'Send this request to the environment whose region the replica is in. The replica no longer follows its ' +
        'primary secret. If the primary secret belongs to another environment, `RemoveRegionsFromReplication` is needed there ' +
        'as well. Takes no body.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      response: {
        200: Reply('The standalone secret', Ref(WrittenSecret)),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion')
      }
    },
    handler: async (request) => promoteReplica(request.scope, request.secretName)
  })
}

export default routes
