import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bodyProblems, CredentialHeader, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { WrittenSecret } from '#src/secrets/schemas'
import { restoreSecret } from '#src/secrets/write'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'RestoreSecret' },
    schema: {
      operationId: 'restoreSecret',
      tags: ['secrets'],
      summary: 'Restore a deleted secret',
      description: 'Cancels the deletion; possible until the recovery window ends. What the environment gives each new secret is given ' +
        'to it again, as far as the caller may: the tags by `TagResource`, the replicas by `ReplicateSecretToRegions`. `warnings` says what ' +
        'does not hold, or may not hold. The KMS key is left as it is. Takes no body.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      response: {
        200: Reply('The secret is back', Ref(WrittenSecret)),
        ...withAwsProblems(...bodyProblems, 'secret-not-found')
      }
    },
    handler: async (request) => restoreSecret(request.scope, request.secretName)
  })
}

export default routes
