import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { bodyProblems, CredentialHeader, Query, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { Region, removeReplicas, replicate, ReplicatedSecret, Replication } from '#src/secrets/replicas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'PUT',
    url: '',
    config: { action: 'ReplicateSecretToRegions' },
    schema: {
      operationId: 'replicateSecret',
      tags: ['replicas'],
      summary: 'Replicate a secret to regions',
      description: 'Existing replicas stay. Replicas follow the secret and can\'t be written to. AWS creates them after the ' +
        'reply; until then, `status` is `InProgress`. If the name belongs to another environment in one of the regions, that ' +
        'environment\'s permissions are needed as well: to create the secret and, for `forceOverwriteReplicaSecret`, to delete ' +
        'it without recovery.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      body: Replication,
      response: {
        200: Reply('The secret\'s replicas', ReplicatedSecret),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion', 'deletion-protected', 'kms-failure')
      }
    },
    handler: async (request) => replicate(request.scope, request.secretName, request.body)
  })

  fastify.route({
    method: 'DELETE',
    url: '',
    config: { action: 'RemoveRegionsFromReplication' },
    schema: {
      operationId: 'removeReplicas',
      tags: ['replicas'],
      summary: 'Delete replicas of a secret',
      description: 'The secret itself stays. It can be deleted once it has no replicas. If a replica is a secret of another ' +
        'environment, that environment\'s permissions to delete the secret without recovery are needed as well.',
      params: SecretParams,
      querystring: Query({
        region: Type.Array(Region, { minItems: 1, description: 'The regions of the replicas', examples: [['eu-central-1']] })
      }),
      headers: CredentialHeader,
      response: {
        200: Reply('The secret\'s other replicas', ReplicatedSecret),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion', 'deletion-protected')
      }
    },
    handler: async (request) => removeReplicas(request.scope, request.secretName, request.query.region)
  })
}

export default routes
