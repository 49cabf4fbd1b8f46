import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { limits } from '#src/aws-model/limits'
import { IfMatch, preconditionOf } from '#src/http/preconditions'
import { bodyProblems, CredentialHeader, Query, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { Timestamp, WrittenSecret } from '#src/secrets/schemas'
import { deleteSecret } from '#src/secrets/write'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
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
        'deletion of a secret that does not exist as if it had existed. AWS deletes no secret that has replicas: with `detachReplicas` the ' +
        'gateway deletes them first, and if the deletion then fails, they are gone. `If-Match` is looked at before: AWS can\'t be told to make a ' +
        'deletion depend on a version.',
      params: SecretParams,
      querystring: Query({
        recoveryWindowInDays: Type.Optional(Type.Integer({
          minimum: limits.recoveryWindowInDays.min,
          maximum: limits.recoveryWindowInDays.max,
          description: 'Days until it is deleted for good; the environment\'s where absent'
        })),
        force: Type.Optional(Type.Boolean({ default: false, description: 'Delete at once, for good' })),
        detachReplicas: Type.Optional(Type.Boolean({
          default: false,
          description: 'First delete the secret\'s replicas, for good; this also takes the right to `RemoveRegionsFromReplication`'
        }))
      }),
      headers: Type.Object({ ...CredentialHeader.properties, ...IfMatch }),
      response: {
        200: Reply('The deletion is scheduled, or with `force` done', Type.Object({
          name: SecretParams.properties.name,
          arn: WrittenSecret.properties.arn,
          deletionDate: Timestamp('When it is deleted for good')
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
