import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { limits } from '#src/aws-model/limits'
import { ConditionalHeaders, IfMatch, preconditionOf } from '#src/http/preconditions'
import { represent, sendWritten, ValueReply } from '#src/http/representation'
import {
  bodyProblems, CredentialHeader, ETag, Location, Query, Ref, Reply, SecretParams, withAwsProblems, WriteHeaders
} from '#src/http/schemas'
import { closed } from '#src/schema/types'
import { checkedValue, secretInput } from '#src/secrets/input'
import { putSecret } from '#src/secrets/put'
import { readSecret } from '#src/secrets/read'
import {
  Description, Encoding, KmsKeyId, Tags, Timestamp, Value, VersionId, VersionStage, WrittenSecret
} from '#src/secrets/schemas'
import { ValueType } from '#src/secrets/value-types'
import { createSecret, deleteSecret, updateSecret } from '#src/secrets/write'

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
          'secret-not-found', 'version-not-found', 'field-not-found', 'not-acceptable', 'secret-has-no-value', 'secret-pending-deletion',
          'kms-failure'
        )
      }
    },
    handler: async (request, reply) => {
      const secret = await readSecret(request.scope, request.secretName, request.query)
      return represent(request, reply, secret)
    }
  })

  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'CreateSecret' },
    schema: {
      operationId: 'createSecret',
      tags: ['secrets'],
      summary: 'Create a secret',
      description: 'Without a `value` it is a placeholder until its first PUT.',
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
        201: Reply('The secret was made', Ref(WrittenSecret), { headers: { ...ETag, ...Location } }),
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

  fastify.route({
    method: 'PUT',
    url: '',
    config: { action: 'PutSecretValue' },
    schema: {
      operationId: 'putSecret',
      tags: ['secrets'],
      summary: 'Write a secret\'s value',
      description: 'A new version, which becomes the current one. Where there is no such secret it is made, if the caller may create it; ' +
        'where the value is the current one already, no version is made, if the caller may read it.',
      params: SecretParams,
      querystring: Query({
        force: Type.Optional(Type.Boolean({ default: false, description: 'Make a new version also of the very value that is current' }))
      }),
      headers: Type.Object({ ...WriteHeaders.properties, ...ConditionalHeaders }),
      body: Type.Object({ value: Value, encoding: Type.Optional(Encoding) }, closed),
      response: {
        200: Reply('A new version was written, or none with `unchanged`', Ref(WrittenSecret), { headers: ETag }),
        201: Reply('The secret was made', Ref(WrittenSecret), { headers: { ...ETag, ...Location } }),
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

  fastify.route({
    method: 'PATCH',
    url: '',
    config: { action: 'UpdateSecret' },
    schema: {
      operationId: 'updateSecret',
      tags: ['secrets'],
      summary: 'Change a secret',
      description: 'Its description, its KMS key or its value; what is not given stays as it is. `If-Match` holds for the value as a ' +
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
      const secret = await updateSecret(scope, secretName, input, preconditionOf(request.headers))
      return sendWritten(request, reply, secret)
    }
  })

  fastify.route({
    method: 'DELETE',
    url: '',
    config: { action: 'DeleteSecret' },
    schema: {
      operationId: 'deleteSecret',
      tags: ['secrets'],
      summary: 'Delete a secret',
      description: 'Schedules the deletion: until the recovery window ends, the secret can be restored. With `force` it is deleted at ' +
        'once and for good, which is a permission of its own and is refused where the environment is protected; AWS answers a forced ' +
        'deletion of a secret that does not exist as if it had existed. `If-Match` is looked at before: AWS can\'t be told to make a ' +
        'deletion depend on a version.',
      params: SecretParams,
      querystring: Query({
        recoveryWindowInDays: Type.Optional(Type.Integer({
          minimum: limits.recoveryWindowInDays.min,
          maximum: limits.recoveryWindowInDays.max,
          description: 'Days until it is deleted for good; the environment\'s where absent'
        })),
        force: Type.Optional(Type.Boolean({ default: false, description: 'Delete at once, for good' }))
      }),
      headers: Type.Object({ ...CredentialHeader.properties, ...IfMatch }),
      response: {
        200: Reply('The deletion is scheduled, or with `force` done', Type.Object({
          name: SecretParams.properties.name,
          arn: WrittenSecret.properties.arn,
          deletionDate: Timestamp('When it is deleted for good')
        })),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion', 'deletion-protected', 'precondition-failed')
      }
    },
    handler: async (request) => deleteSecret(request.scope, request.secretName, {
      ...request.query,
      precondition: preconditionOf(request.headers)
    })
  })
}

export default routes
