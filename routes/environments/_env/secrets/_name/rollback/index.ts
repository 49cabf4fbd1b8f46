import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { IfMatch, preconditionOf } from '#src/http/preconditions'
import { sendWritten } from '#src/http/representation'
import { bodyProblems, CredentialHeader, ETag, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { closed } from '#src/schema/types'
import { VersionId, WrittenSecret } from '#src/secrets/schemas'
import { rollBack } from '#src/secrets/stages'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'UpdateSecretVersionStage' },
    schema: {
      operationId: 'rollBackSecret',
      tags: ['versions'],
      summary: 'Roll back to an earlier version',
      description: 'Makes the previous version current again, or the one with `versionId`. The version that was current ' +
        'becomes AWSPREVIOUS, so a second rollback undoes the first. If the request may be repeated, name the version or send ' +
        '`If-Match`.',
      params: SecretParams,
      querystring: Query({}),
      headers: Type.Object({ ...CredentialHeader.properties, ...IfMatch }),
      body: Type.Object({ versionId: Type.Optional(VersionId) }, { ...closed, examples: [{}] }),
      response: {
        200: Reply('The version that is current now', Ref(WrittenSecret), { headers: ETag }),
        ...withAwsProblems(
          ...bodyProblems, 'secret-not-found', 'version-not-found', 'secret-has-no-value', 'version-has-no-value', 'secret-pending-deletion',
          'precondition-failed', 'write-conflict'
        )
      }
    },
    handler: async (request, reply) => {
      const { scope, secretName, body, headers } = request
      const secret = await rollBack(scope, secretName, body.versionId, preconditionOf(headers))
      return sendWritten(request, reply, secret)
    }
  })
}

export default routes
