import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { carryOut } from '#src/aws-endpoint/operations'
import { awsJson, faultReply, replyHeaders } from '#src/aws-endpoint/reply'
import { cachingOf } from '#src/http/caching'
import { CredentialHeader, EnvironmentParams, Query } from '#src/http/schemas'
import { RequestId } from '#src/http/problem-reply'

const headers = {
  ...RequestId,
  'x-amzn-RequestId': { type: 'string', description: 'The same as `X-Request-Id`' }
}

const AwsReply = (description: string, schema: object): object => ({ description, headers, content: { [awsJson]: { schema } } })

const Fault = (description: string): object => AwsReply(description, {
  type: 'object',
  required: ['__type', 'Message'],
  properties: {
    __type: { type: 'string', description: 'The type of AWS\'s error', examples: ['ResourceNotFoundException'] },
    Message: { type: 'string', description: 'AWS\'s message, or the gateway\'s if the gateway refuses the request' }
  }
})

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  // Some AWS SDKs append a slash to the path of the endpoint URL.
  for (const url of ['', '/']) {
    fastify.route({
      method: 'POST',
      url,
      prefixTrailingSlash: 'slash',
      config: { action: 'DescribeEnvironment', speaksAws: true, problemFormat: faultReply },
      bodyLimit: 1024 * 1024,
      schema: {
        hide: url !== '',
        operationId: 'callAws',
        tags: ['aws'],
        summary: 'Call AWS Secrets Manager in its own protocol',
        description: 'This path is an endpoint URL for AWS\'s SDKs, its CLI and everything built on them: `AWS_ENDPOINT_URL_SECRETS_MANAGER`. ' +
          'The protocol is AWS JSON 1.1.',
        consumes: [awsJson],
        params: EnvironmentParams,
        querystring: Query({}),
        headers: Type.Object({
          ...CredentialHeader.properties,
          'x-amz-target': Type.Optional(Type.String({
            description: '`secretsmanager.` and the name of an operation', examples: ['secretsmanager.GetSecretValue']
          }))
        }),
        body: Type.Unsafe<Uint8Array>({
          type: 'object', additionalProperties: true, description: 'The input of the operation, as AWS documents it', examples: [{ SecretId: 'dev/payments/db' }]
        }),
        response: {
          200: AwsReply('The output of the operation, as AWS documents it', { type: 'object', additionalProperties: true }),
          400: Fault('AWS or the gateway refused the request'),
          413: Fault('`RequestEntityTooLarge`: the body has more than 1 MiB'),
          500: Fault('`InternalServiceError`: AWS or the gateway has failed. Clients retry'),
          503: Fault('`ServiceUnavailable`: the gateway accepts no more requests at the moment. Clients retry')
        }
      },
      handler: async (request, reply) => {
        const { scope, awsCall } = request
        const body = await carryOut({
          scope,
          cursors: fastify.cursors,
          caching: () => cachingOf(request, reply, undefined),
          reportVersion (versionId) { request.reportOutcome({ versionId }) },
          reportSecrets: request.reportSecrets.bind(request)
        }, awsCall)
        return reply.headers(replyHeaders(request.id)).send(Buffer.from(body))
      }
    })
  }
}

export default routes
