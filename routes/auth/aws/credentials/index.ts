import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { Query, Reply, withProblems } from '#src/http/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'Own' },
    schema: {
      operationId: 'getAwsKeys',
      tags: ['authentication'],
      summary: 'Get keys for AWS\'s protocol',
      description: 'Returns temporary keys with which AWS\'s SDKs sign their requests to `POST /environments/{env}/aws`. They identify the ' +
        'caller, and expire with its token or certificate, after an hour at the latest. This is the protocol of the SDKs\' container ' +
        'credentials: set `AWS_CONTAINER_CREDENTIALS_FULL_URI` to this URL, and `AWS_CONTAINER_AUTHORIZATION_TOKEN`, or the file that ' +
        '`AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE` names, to `Bearer <token>`.',
      querystring: Query({}),
      response: {
        200: Reply('The keys', Type.Object({
          AccessKeyId: Type.String({ examples: ['ASIAQWERTYUIOPASDFGH'] }),
          SecretAccessKey: Type.String(),
          Token: Type.String({ description: 'The session token' }),
          Expiration: Type.String({ format: 'date-time', description: 'The time at which the keys expire' })
        })),
        ...withProblems()
      }
    },
    handler: async (request) => {
      const { accessKeyId, secretAccessKey, sessionToken, expires } = await fastify.issueAwsKeys(request)
      return {
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        // Some clients don't accept fractions of a second.
        Expiration: new Date(expires).toISOString().replace(/\.\d{3}/, '')
      }
    }
  })
}

export default routes
