import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { represent, ValueReply } from '#src/http/representation'
import { CredentialHeader, Query, SecretParams, withAwsProblems } from '#src/http/schemas'
import { readSecret } from '#src/secrets/read'
import { VersionId, VersionStage } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'GetSecretValue' },
    schema: {
      operationId: 'readSecret',
      tags: ['secrets'],
      summary: 'Read a secret\'s value',
      description: 'The current version, or the one with `versionId` or `versionStage`. As JSON, or with `Accept: text/plain` the text ' +
        'alone, or with `Accept: application/octet-stream` the bytes.',
      params: SecretParams,
      querystring: Query({
        versionId: Type.Optional(VersionId),
        versionStage: Type.Optional(VersionStage),
        field: Type.Optional(Type.String({
          minLength: 1,
          maxLength: 1024,
          description: 'One key of a value that is a JSON object',
          examples: ['password']
        }))
      }),
      headers: Type.Object({
        ...CredentialHeader.properties,
        'if-none-match': Type.Optional(Type.String({ description: 'An `ETag`: 304 where the version is still that one' }))
      }),
      response: {
        200: ValueReply,
        304: Type.Null({ description: 'The version is the one that `If-None-Match` names' }),
        ...withAwsProblems(
          'secret-not-found', 'version-not-found', 'field-not-found', 'not-acceptable', 'secret-has-no-value', 'version-has-no-value',
          'secret-pending-deletion', 'kms-failure'
        )
      }
    },
    handler: async (request, reply) => {
      const secret = await readSecret(request.scope, request.secretName, request.query)
      return represent(request, reply, secret)
    }
  })
}

export default routes
