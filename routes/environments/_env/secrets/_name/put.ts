import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { ConditionalHeaders, preconditionOf } from '#src/http/preconditions'
import { sendWritten } from '#src/http/representation'
import { bodyProblems, ETag, Location, Query, Ref, Reply, SecretParams, withAwsProblems, WriteHeaders } from '#src/http/schemas'
import { closed } from '#src/schema/types'
import { checkedValue } from '#src/secrets/input'
import { putSecret } from '#src/secrets/put'
import { Encoding, Value, WrittenSecret } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'PUT',
    url: '',
    config: { action: 'PutSecretValue' },
    schema: {
      operationId: 'putSecret',
      tags: ['secrets'],
      summary: 'Write a secret\'s value',
      description: 'Creates a new version, which becomes current. A secret that does not exist is created, if the caller may ' +
        'create it. If the value is already current, no version is created, provided that the caller may read the value and ' +
        'sends no `Idempotency-Key`.',
      params: SecretParams,
      querystring: Query({
        force: Type.Optional(Type.Boolean({ default: false, description: 'Create a new version even if the value is already ' +
          'current' }))
      }),
      headers: Type.Object({ ...WriteHeaders.properties, ...ConditionalHeaders }),
      body: Type.Object({ value: Value, encoding: Type.Optional(Encoding) }, closed),
      response: {
        200: Reply('A new version was created, or none if `unchanged` is true', Ref(WrittenSecret), { headers: ETag }),
        201: Reply('The secret was created', Ref(WrittenSecret), { headers: { ...ETag, ...Location } }),
        ...withAwsProblems(
          ...bodyProblems, 'secret-not-found', 'idempotency-conflict', 'secret-pending-deletion', 'rotation-in-progress',
          'precondition-failed', 'aws-limit-exceeded', 'kms-failure'
        )
      }
    },
    handler: async (request, reply) => {
      const { scope, secretName } = request
      const { value, encoding } = request.body
      const options = { precondition: preconditionOf(request.headers), force: request.query.force ?? false }
      const { created, ...secret } = await putSecret(scope, secretName, checkedValue(value, encoding), options)
      return created ? sendWritten(request, reply.code(201), secret, request.params) : sendWritten(request, reply, secret)
    }
  })
}

export default routes
