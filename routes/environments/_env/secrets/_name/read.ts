import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { cachingOf } from '#src/http/caching'
import { represent, ValueReply } from '#src/http/representation'
import { CredentialHeader, Query, SecretParams, withAwsProblems } from '#src/http/schemas'
import { compact } from '#src/json/compact'
import { readSecret } from '#src/secrets/read'
import { pendingDeletions } from '#src/environments/environment'
import { AwsString, Enum } from '#src/schema/types'
import { VersionId } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'GetSecretValue' },
    schema: {
      operationId: 'readSecret',
      tags: ['secrets'],
      summary: 'Read a secret\'s value',
      description: 'Returns the current version, or the one with `versionId` or `versionStage`: as JSON, with `Accept: ' +
        'text/plain` as the text alone, or with `Accept: application/octet-stream` as the bytes. The value may come from the ' +
        'gateway\'s cache, as `Cache-Status` shows.',
      params: SecretParams,
      querystring: Query({
        versionId: Type.Optional(VersionId),
        versionStage: Type.Optional(AwsString('SecretVersionStageType', {
          minLength: 0,
          description: 'A staging label; if empty, the current version',
          examples: ['AWSCURRENT']
        })),
        field: Type.Optional(Type.String({
          maxLength: 1024,
          description: 'One field of a value that is JSON, whether it is stored as text or as bytes in UTF-8: a key of its object or, if ' +
            'there is no such key, a JSON pointer (RFC 6901) such as `/database/hosts/0`. If empty, the whole value',
          examples: ['password']
        })),
        refresh: Type.Optional(Type.Boolean({
          description: '`true`: ask AWS, even if the value is cached. `Cache-Control: no-cache` does the same'
        })),
        pendingDeletion: Type.Optional(Enum(pendingDeletions, {
          description: '`absent`: a secret that is scheduled for deletion is a 404 `secret-not-found`. `conflict`: it is a 409 ' +
            '`secret-pending-deletion`. The default is the environment\'s `pendingDeletion`, or else `conflict`'
        })),
        notFound: Type.Optional(Enum(['secret'], {
          description: '`secret`: 404 only means that there is no such secret. A path or an environment that does not exist, or that the ' +
            'caller may not see, is then a 403, a missing version a 409, and a missing field a 422. For clients that delete their ' +
            'copy of the secret after a 404'
        }))
      }),
      headers: Type.Object({
        ...CredentialHeader.properties,
        'if-none-match': Type.Optional(Type.String({ description: 'An `ETag`: the reply is 304 if the version still has this tag' })),
        'cache-control': Type.Optional(Type.String({ description: '`no-cache`: ask AWS. `max-age=SECONDS`: ask AWS if the cached value is older' }))
      }),
      response: {
        200: ValueReply,
        304: Type.Null({ description: 'The version is the one that `If-None-Match` names' }),
        ...withAwsProblems(
          'secret-not-found', 'version-not-found', 'field-not-found', 'not-acceptable', 'secret-has-no-value', 'version-has-no-value',
          'secret-pending-deletion', 'value-not-object', 'value-not-json', 'value-binary', 'kms-failure'
        )
      }
    },
    handler: async (request, reply) => {
      const { environment, query } = request
      const { versionId, versionStage, field, refresh, pendingDeletion = environment.pendingDeletion } = query
      // An empty parameter stands for the default value, because the URL templates of some clients always contain the
      // parameter. One such client is External Secrets Operator.
      const scope = { ...request.scope, caching: cachingOf(request, reply, refresh) }
      const secret = await readSecret(scope, request.secretName, compact({
        versionId,
        versionStage: versionStage === '' ? undefined : versionStage,
        field: field === '' ? undefined : field,
        pendingDeletion
      }))
      return represent(request, reply, secret)
    }
  })
}

export default routes
