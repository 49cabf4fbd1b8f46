import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { IfMatch, preconditionOf } from '#src/http/preconditions'
import { sendWritten } from '#src/http/representation'
import { bodyProblems, ETag, Query, Ref, Reply, SecretParams, withAwsProblems, WriteHeaders } from '#src/http/schemas'
import { closed } from '#src/schema/types'
import { secretInput } from '#src/secrets/input'
import { Description, Encoding, KmsKeyId, Value, WrittenSecret } from '#src/secrets/schemas'
import { patchSecret } from '#src/secrets/write'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'PATCH',
    url: '',
    config: { action: 'UpdateSecret' },
    schema: {
      operationId: 'updateSecret',
      tags: ['secrets'],
      summary: 'Change a secret',
      description: 'Changes its description, its KMS key or its value; everything else stays as it is. Changing the value also ' +
        'requires the permission `PutSecretValue`. For the value, `If-Match` is checked atomically (compare-and-set). For the ' +
        'other changes, it is only checked before the write, because AWS can\'t make them conditional.',
      params: SecretParams,
      querystring: Query({}),
      headers: Type.Object({ ...WriteHeaders.properties, ...IfMatch }),
      body: Type.Object({
        value: Type.Optional(Value),
        encoding: Type.Optional(Encoding),
        description: Type.Optional(Description),
        kmsKeyId: Type.Optional({ ...KmsKeyId, description: 'The KMS key; an empty text stands for `aws/secretsmanager`' })
      }, { ...closed, minProperties: 1 }),
      response: {
        200: Reply('The secret that was changed; `versionId` is present if its value was changed', Ref(WrittenSecret), { headers: ETag }),
        ...withAwsProblems(
          ...bodyProblems, 'secret-not-found', 'idempotency-conflict', 'secret-pending-deletion', 'aws-limit-exceeded',
          'precondition-not-met', 'precondition-failed', 'kms-failure'
        )
      }
    },
    handler: async (request, reply) => {
      const { scope, secretName } = request
      const input = secretInput(scope.environment, request.body)
      const secret = await patchSecret(scope, secretName, input, preconditionOf(request.headers))
      return sendWritten(request, reply, secret)
    }
  })
}

export default routes
