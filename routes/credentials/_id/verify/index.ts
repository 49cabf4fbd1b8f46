import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ProvedCredential } from '#src/credentials/schemas'
import { CredentialParams, Query, Ref, Reply, withProblems } from '#src/http/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'VerifyCredential' },
    schema: {
      operationId: 'verifyCredential',
      tags: ['credentials'],
      summary: 'Verify an AWS credential',
      description: 'Asks AWS STS which identity the keys of the credential belong to. If the credential is a role, the gateway ' +
        'assumes it on its own behalf. If the credential can\'t be used, the log and the audit trail contain AWS\'s reason.',
      params: CredentialParams,
      querystring: Query({}),
      response: {
        200: Reply('The identity', Ref(ProvedCredential)),
        ...withProblems('forbidden', 'credential-invalid', 'aws-unavailable', 'aws-throttled', 'aws-timeout')
      }
    },
    handler: async ({ params: { id } }) => ({ id, ...await fastify.verifyCredential(id) })
  })
}

export default routes
