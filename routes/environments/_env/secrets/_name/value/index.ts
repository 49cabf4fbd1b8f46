import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { IfMatch, preconditionOf } from '#src/http/preconditions'
import { sendWritten } from '#src/http/representation'
import { bodyProblems, CredentialHeader, ETag, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { patchValue } from '#src/secrets/merge-patch'
import { WrittenSecret } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'PATCH',
    url: '',
    config: { action: 'PutSecretValue' },
    // A value has at most 64 KiB. JSON can write each of its bytes as an escape sequence of six bytes.
    bodyLimit: 512 * 1024,
    schema: {
      operationId: 'patchValue',
      tags: ['secrets'],
      summary: 'Change single keys of a value',
      description: 'Applies a JSON merge patch (RFC 7396) to a value that is a JSON object, stored as text or as bytes in ' +
        'UTF-8. A key that is `null` is removed. Concurrent patches are all kept; with `If-Match`, the second one fails with ' +
        '412. Also requires permission to read the value. A patch can be repeated, and creates no version if it changes ' +
        'nothing.',
      consumes: ['application/merge-patch+json'],
      params: SecretParams,
      querystring: Query({}),
      headers: Type.Object({ ...CredentialHeader.properties, ...IfMatch }),
      body: Type.Unsafe<Record<string, unknown>>({
        type: 'object',
        additionalProperties: true,
        description: 'The keys to change',
        examples: [{ password: 'battery staple', oldPassword: null }]
      }),
      response: {
        200: Reply('The new version', Ref(WrittenSecret), { headers: ETag }),
        ...withAwsProblems(
          ...bodyProblems, 'secret-not-found', 'secret-has-no-value', 'secret-pending-deletion', 'value-not-object',
          'value-not-json', 'value-binary', 'precondition-failed', 'write-conflict', 'aws-limit-exceeded', 'kms-failure'
        )
      }
    },
    handler: async (request, reply) => {
      const { scope, secretName, body } = request
      const secret = await patchValue(scope, secretName, body, preconditionOf(request.headers))
      return sendWritten(request, reply, secret)
    }
  })
}

export default routes
