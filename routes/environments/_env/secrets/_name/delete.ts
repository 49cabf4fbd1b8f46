import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { IfMatch, preconditionOf } from '#src/http/preconditions'
import { bodyProblems, CredentialHeader, Query, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { Timestamp, WrittenSecret } from '#src/secrets/schemas'
import { deleteSecret } from '#src/secrets/deletion'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'DELETE',
    url: '',
    config: { action: 'DeleteSecret' },
    schema: {
      operationId: 'deleteSecret',
      tags: ['secrets'],
      summary: 'Delete a secret',
      description: 'Schedules the deletion. Until the recovery window ends, the secret can be restored. With `force`, the ' +
        'secret is deleted at once and permanently. This requires a separate permission, and is refused in a protected ' +
        'environment. If the secret does not exist, AWS replies to a forced deletion as if it had existed. AWS does not delete ' +
        'a secret that has replicas. With `detachReplicas`, the gateway deletes the replicas first; they are gone even if the ' +
        'deletion then fails. `If-Match` is only checked before the deletion, because AWS can\'t make a deletion conditional.',
      params: SecretParams,
      querystring: Query({
        recoveryWindowInDays: Type.Optional(Type.Integer({
          minimum: limits.recoveryWindowInDays.min,
          maximum: limits.recoveryWindowInDays.max,
          description: 'The number of days until the permanent deletion. Defaults to that of the environment'
        })),
        force: Type.Optional(Type.Boolean({ default: false, description: 'Delete at once and permanently' })),
        detachReplicas: Type.Optional(Type.Boolean({
          default: false,
          description: 'First delete the secret\'s replicas permanently; this also requires the permission ' +
            '`RemoveRegionsFromReplication`'
        }))
      }),
      headers: Type.Object({ ...CredentialHeader.properties, ...IfMatch }),
      response: {
        200: Reply('The deletion is scheduled or, with `force`, done', Type.Object({
          name: SecretParams.properties.name,
          arn: WrittenSecret.properties.arn,
          deletionDate: Timestamp('The time of the permanent deletion')
        })),
        ...withAwsProblems(
          ...bodyProblems, 'secret-not-found', 'secret-pending-deletion', 'secret-has-replicas', 'deletion-protected', 'precondition-failed'
        )
      }
    },
    handler: async (request) => deleteSecret(request.scope, request.secretName, {
      ...request.query,
      precondition: preconditionOf(request.headers)
    })
  })
}

export default routes
