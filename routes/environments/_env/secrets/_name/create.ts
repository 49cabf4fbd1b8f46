import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { sendWritten } from '#src/http/representation'
import { bodyProblems, ETag, Location, Query, Ref, Reply, SecretParams, withAwsProblems, WriteHeaders } from '#src/http/schemas'
import { closed } from '#src/schema/types'
import { secretInput } from '#src/secrets/input'
import { Description, Encoding, KmsKeyId, Tags, Value, WrittenSecret } from '#src/secrets/schemas'
import { ValueType } from '#src/secrets/value-types'
import { createSecret } from '#src/secrets/write'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'CreateSecret' },
    schema: {
      operationId: 'createSecret',
      tags: ['secrets'],
      summary: 'Create a secret',
      description: 'Without a `value`, the secret is a placeholder until its first value is written.',
      params: SecretParams,
      querystring: Query({}),
      headers: WriteHeaders,
      body: Type.Object({
        value: Type.Optional(Value),
        encoding: Type.Optional(Encoding),
        type: Type.Optional(ValueType),
        description: Type.Optional(Description),
        kmsKeyId: Type.Optional(KmsKeyId),
        tags: Type.Optional(Tags)
      }, closed),
      response: {
        201: Reply('The secret was created', Ref(WrittenSecret), { headers: { ...ETag, ...Location } }),
        ...withAwsProblems(
          ...bodyProblems, 'secret-exists', 'idempotency-conflict', 'secret-pending-deletion', 'aws-limit-exceeded', 'precondition-not-met',
          'kms-failure'
        )
      }
    },
    handler: async (request, reply) => {
      const { scope, secretName } = request
      const secret = await createSecret(scope, secretName, secretInput(scope.environment, request.body))
      return sendWritten(request, reply.code(201), secret, request.params)
    }
  })
}

export default routes
