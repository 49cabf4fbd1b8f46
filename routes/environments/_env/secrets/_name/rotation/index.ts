import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
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
      summary: 'Configure the rotation of a secret',
      description: 'Also rotates the secret at once, unless `rotateImmediately` is false. The rotation continues after the ' +
        'reply; `GET …/metadata` shows when it is done. If the function or the schedule is absent, the existing one stays. ' +
        'Rotating at once also requires the permission `RotateSecret`.',
      params: SecretParams,
      querystring: Query({}),
      headers: WriteHeaders,
      body: Rotation,
      response: {
        200: Reply('The rotation is configured; `versionId` is the version that a rotation creates', Ref(WrittenSecret)),
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
      description: 'Uses the configured function. The rotation continues after the reply; `GET …/metadata` shows when it is ' +
        'done. Takes no body.',
      params: SecretParams,
      querystring: Query({}),
      headers: WriteHeaders,
      response: {
        202: Reply('The rotation has begun; `versionId` is the version that it creates', Ref(WrittenSecret)),
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
      description: 'The function and the schedule stay configured, for `POST …/rotation`. A rotation in progress is stopped, ' +
        'and may leave the label AWSPENDING on a version. As long as a version that is not current has it, no other rotation can start. ' +
        '`discardPending` removes the label, which also requires the permission `UpdateSecretVersionStage`.',
      params: SecretParams,
      querystring: Query({
        discardPending: Type.Optional(Type.Boolean({
          default: false,
          description: 'Also remove AWSPENDING from the version of an unfinished rotation; AWS deletes the version eventually'
        }))
      }),
      headers: CredentialHeader,
      response: {
        200: Reply('Rotation is turned off', Ref(WrittenSecret)),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion')
      }
    },
    handler: async (request) =>
      reportVersion(request, await cancelRotation(request.scope, request.secretName, request.query.discardPending))
  })
}

export default routes
