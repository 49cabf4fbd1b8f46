import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { CredentialHeader, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { referencesTo } from '#src/secrets/references/references'
import { References } from '#src/secrets/references/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'DescribeSecret' },
    schema: {
      operationId: 'listReferences',
      tags: ['secrets'],
      summary: 'Get references to a secret',
      description: 'Returns snippets that refer to the secret, or to one key of its JSON value, in an ECS task definition, ' +
        'CloudFormation, a Lambda function, Terraform, External Secrets Operator and Kubernetes. The value is not read, so ' +
        'there is no check that the key exists.',
      params: SecretParams,
      querystring: Query({
        field: Type.Optional(Type.String({
          pattern: '^[^\\u0000-\\u001f\\u007f]{1,1024}$',
          description: 'One key of a value that is a JSON object; without control characters',
          examples: ['password']
        }))
      }),
      headers: CredentialHeader,
      response: {
        200: Reply('The snippet to paste', Ref(References)),
        ...withAwsProblems('secret-not-found')
      }
    },
    handler: async (request) => referencesTo(request.scope, request.secretName, request.query.field)
  })
}

export default routes
