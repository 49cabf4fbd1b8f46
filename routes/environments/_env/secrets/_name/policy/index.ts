import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
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
      description: 'If the secret has no policy, the reply has no `resourcePolicy`.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      response: {
        200: Reply('The policy, if there is one', PolicyOfSecret),
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
      description: 'Replaces the existing policy, if there is one. AWS enforces it for everybody who calls AWS, including other ' +
        'accounts and this gateway. It grants no permission in the gateway.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      body: Type.Object({
        resourcePolicy: ResourcePolicy,
        blockPublicPolicy: Type.Optional(Type.Boolean({ default: true, description: 'Refuse a policy that grants public access' }))
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
      description: 'Succeeds even if the secret has no policy.',
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
