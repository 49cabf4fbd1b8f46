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
      summary: 'Prove an AWS credential',
      description: 'Has AWS STS say whose the credential\'s keys are. Where it is a role, the gateway assumes it for itself. Where it ' +
        'can\'t be used, the log and the audit trail have what AWS said about it.',
      params: CredentialParams,
      querystring: Query({}),
      response: {
        200: Reply('Whose it is', Ref(ProvedCredential)),
        ...withProblems('forbidden', 'credential-invalid', 'aws-unavailable', 'aws-throttled', 'aws-timeout')
      }
    },
    handler: async ({ params: { id } }) => ({ id, ...await fastify.verifyCredential(id) })
  })
}

export default routes
