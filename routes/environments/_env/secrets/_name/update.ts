import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
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
      description: 'Its description, its KMS key or its value; what is not given stays as it is. To change the value also ' +
        'requires the right to `PutSecretValue`. `If-Match` holds for the value as a ' +
        'compare-and-set; for the rest it is looked at before, since AWS can\'t be told to make it depend on a version.',
      params: SecretParams,
      querystring: Query({}),
      headers: Type.Object({ ...WriteHeaders.properties, ...IfMatch }),
      body: Type.Object({
        value: Type.Optional(Value),
        encoding: Type.Optional(Encoding),
        description: Type.Optional(Description),
        kmsKeyId: Type.Optional({ ...KmsKeyId, description: 'The KMS key; empty switches back to `aws/secretsmanager`' })
      }, { ...closed, minProperties: 1 }),
      response: {
        200: Reply('What was changed; `versionId` where the value was', Ref(WrittenSecret), { headers: ETag }),
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
