import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { CredentialHeader, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { originOf } from '#src/http/origin'
import { Enum } from '#src/schema/types'
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
          pattern: '^[^\\u0000-\\u001f\\u007f]{0,1024}$',
          description: 'One key of a value that is a JSON object; without control characters. If empty, the whole value',
          examples: ['password']
        })),
        through: Type.Optional(Enum(['gateway'], { description: '`gateway`: the tools read the secret through the gateway instead of from AWS' }))
      }),
      headers: CredentialHeader,
      response: {
        200: Reply('The snippet to paste', Ref(References)),
        ...withAwsProblems('secret-not-found')
      }
    },
    handler: async (request) => {
      const { scope, secretName, environment: { name }, query: { field, through } } = request
      const { agent } = fastify.config.current
      return referencesTo(scope, secretName, {
        field: field === '' ? undefined : field,
        gateway: {
          origin: originOf(request),
          environment: name,
          agentTokenHeader: agent?.environments.includes(name) === true ? agent.tokenHeaders[0] : undefined
        },
        throughGateway: through !== undefined
      })
    }
  })
}

export default routes
