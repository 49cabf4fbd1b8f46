import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { limits } from '#src/aws-model/limits'
import { bodyProblems, CredentialHeader, Query, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { AwsString } from '#src/schema/types'
import { Name, Tags } from '#src/secrets/schemas'
import { assertRemovable, assertTags, tagSecret, untagSecret } from '#src/secrets/tags'

const Tagged = Type.Object({ name: Name })

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'PUT',
    url: '',
    config: { action: 'TagResource' },
    schema: {
      operationId: 'tagSecret',
      tags: ['secrets'],
      summary: 'Add or overwrite tags',
      description: 'Other tags stay as they are. A tag that the environment sets can\'t get another value.',
      params: SecretParams,
      querystring: Query({}),
      headers: CredentialHeader,
      body: Tags,
      response: {
        200: Reply('The secret has the tags', Tagged),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion', 'aws-limit-exceeded')
      }
    },
    handler: async (request) => {
      const { scope, secretName, body } = request
      assertTags(scope.environment, body, { in: 'body', pointer: '' })
      await tagSecret(scope, secretName, body)
      return { name: secretName }
    }
  })

  fastify.route({
    method: 'DELETE',
    url: '',
    config: { action: 'UntagResource' },
    schema: {
      operationId: 'untagSecret',
      tags: ['secrets'],
      summary: 'Remove tags',
      description: 'Tags that the secret does not have are ignored. The request is refused if it names a tag that the environment sets.',
      params: SecretParams,
      querystring: Query({
        key: Type.Array(AwsString('TagKeyType'), {
          minItems: 1,
          maxItems: limits.tagsPerSecret,
          description: 'The keys of the tags',
          examples: [['team', 'kind']]
        })
      }),
      headers: CredentialHeader,
      response: {
        200: Reply('The secret does not have the tags', Tagged),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'secret-pending-deletion')
      }
    },
    handler: async (request) => {
      const { scope, secretName, query } = request
      assertRemovable(scope.environment, query.key, { in: 'query', pointer: '/key' })
      await untagSecret(scope, secretName, query.key)
      return { name: secretName }
    }
  })
}

export default routes
