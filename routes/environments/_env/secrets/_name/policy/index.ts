import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { bodyProblems, CredentialHeader, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { closed } from '#src/schema/types'
import { deletePolicy, policyBodyLimit, PolicyOfSecret, putPolicy, readPolicy, ResourcePolicy } from '#src/secrets/policy'
import { WrittenSecret } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'GetResourcePolicy' },
    schema: {
      operationId: 'readPolicy',
      tags: ['policies'],
      summary: 'Read a secret\'s resource policy',
      description: 'A secret that has none has no `resourcePolicy` in the reply.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      response: {
        200: Reply('The policy, where there is one', PolicyOfSecret),
        ...withAwsProblems('secret-not-found', 'secret-pending-deletion')
      }
    },
    handler: async (request) => readPolicy(request.scope, request.secretName)
  })

  fastify.route({
    method: 'PUT',
    url: '',
    config: { action: 'PutResourcePolicy' },
    bodyLimit: policyBodyLimit,
    schema: {
      operationId: 'putPolicy',
      tags: ['policies'],
      summary: 'Attach a resource policy to a secret',
      description: 'In place of the one that it has. AWS enforces it for whoever asks AWS itself, other accounts included; it gives nobody ' +
        'a right in this gateway.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      body: Type.Object({
        resourcePolicy: ResourcePolicy,
        blockPublicPolicy: Type.Optional(Type.Boolean({ default: true, description: 'Refuse a policy that lets anybody in' }))
      }, closed),
      response: {
        200: Reply('The policy is attached', Ref(WrittenSecret)),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion')
      }
    },
    handler: async (request) => {
      const { resourcePolicy, blockPublicPolicy = true } = request.body
      return putPolicy(request.scope, request.secretName, resourcePolicy, blockPublicPolicy)
    }
  })

  fastify.route({
    method: 'DELETE',
    url: '',
    config: { action: 'DeleteResourcePolicy' },
    schema: {
      operationId: 'deletePolicy',
      tags: ['policies'],
      summary: 'Remove a secret\'s resource policy',
      description: 'A secret that has none is no mistake.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      response: {
        200: Reply('The secret has no policy', Ref(WrittenSecret)),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion')
      }
    },
    handler: async (request) => deletePolicy(request.scope, request.secretName)
  })
}

export default routes
