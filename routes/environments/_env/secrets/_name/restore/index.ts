import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bodyProblems, CredentialHeader, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { WrittenSecret } from '#src/secrets/schemas'
import { restoreSecret } from '#src/secrets/deletion'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'RestoreSecret' },
    schema: {
      operationId: 'restoreSecret',
      tags: ['secrets'],
      summary: 'Restore a deleted secret',
      description: 'Cancels the deletion, which is possible until the recovery window ends. The environment\'s settings for ' +
        'new secrets are applied again, as far as the caller may: the tags with `TagResource`, the replicas with ' +
        '`ReplicateSecretToRegions`. `warnings` lists the settings that the secret lacks or may lack. The KMS key stays. Takes ' +
        'no body.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      response: {
        200: Reply('The restored secret', Ref(WrittenSecret)),
        ...withAwsProblems(...bodyProblems, 'secret-not-found')
      }
    },
    handler: async (request) => restoreSecret(request.scope, request.secretName)
  })
}

export default routes
