import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { bodyProblems, CredentialHeader, Query, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { closed } from '#src/schema/types'
import { policyBodyLimit, PolicyValidation, ResourcePolicy, validatePolicy } from '#src/secrets/policy'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'ValidateResourcePolicy' },
    bodyLimit: policyBodyLimit,
    schema: {
      operationId: 'validatePolicy',
      tags: ['policies'],
      summary: 'Check a resource policy',
      description: 'Checks whether AWS would accept the policy for this secret: its syntax, and whether it grants public ' +
        'access. Nothing is changed.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      body: Type.Object({ resourcePolicy: ResourcePolicy }, closed),
      response: {
        200: Reply('The result of AWS\'s check', PolicyValidation),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion')
      }
    },
    handler: async (request) => validatePolicy(request.scope, request.secretName, request.body.resourcePolicy)
  })
}

export default routes
