import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { reportVersion } from '#src/http/representation'
import {
  bodyProblems, CredentialHeader, Query, Ref, Reply, SecretParams, withAwsProblems, WriteHeaders
} from '#src/http/schemas'
import { cancelRotation, configureRotation, rotateSecret, Rotation } from '#src/secrets/rotation'
import { WrittenSecret } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'PUT',
    url: '',
    config: { action: 'ConfigureRotation' },
    schema: {
      operationId: 'setRotation',
      tags: ['rotation'],
      summary: 'Set what rotates a secret and when',
      description: 'And rotate it at once, unless `rotateImmediately` is false. The rotation goes on after the reply: `GET …/metadata` ' +
        'shows when it is done. The function or the schedule that is not given stays as it is set. To rotate at once also requires the ' +
        'right to `RotateSecret`.',
      params: SecretParams,
      querystring: Query({}),
      headers: WriteHeaders,
      body: Rotation,
      response: {
        200: Reply('It is set; `versionId` is the version that a rotation makes', Ref(WrittenSecret)),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion', 'rotation-in-progress', 'idempotency-conflict')
      }
    },
    handler: async (request) => reportVersion(request, await configureRotation(request.scope, request.secretName, request.body))
  })

  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'RotateSecret' },
    schema: {
      operationId: 'rotateSecret',
      tags: ['rotation'],
      summary: 'Rotate a secret now',
      description: 'By the function that is set. The rotation goes on after the reply: `GET …/metadata` shows when it is done. Takes no body.',
      params: SecretParams,
      querystring: Query({}),
      headers: WriteHeaders,
      response: {
        202: Reply('The rotation has begun; `versionId` is the version that it makes', Ref(WrittenSecret)),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion', 'rotation-in-progress', 'idempotency-conflict')
      }
    },
    handler: async (request, reply) => {
      const rotation = await rotateSecret(request.scope, request.secretName)
      return reply.code(202).send(reportVersion(request, rotation))
    }
  })

  fastify.route({
    method: 'DELETE',
    url: '',
    config: { action: 'CancelRotateSecret' },
    schema: {
      operationId: 'cancelRotation',
      tags: ['rotation'],
      summary: 'Stop rotating a secret',
      description: 'The function and the schedule stay set, for `POST …/rotation`. A rotation under way is stopped, and may leave the label ' +
        'AWSPENDING on a version. As long as it is there, no other rotation can start. `discardPending` takes it off, which also ' +
        'requires the right to `UpdateSecretVersionStage`.',
      params: SecretParams,
      querystring: Query({
        discardPending: Type.Optional(Type.Boolean({
          default: false,
          description: 'Also take AWSPENDING off the version of a rotation that has not finished; AWS removes the version in time'
        }))
      }),
      headers: CredentialHeader,
      response: {
        200: Reply('It is not rotated any more', Ref(WrittenSecret)),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion')
      }
    },
    handler: async (request) =>
      reportVersion(request, await cancelRotation(request.scope, request.secretName, request.query.discardPending))
  })
}

export default routes
