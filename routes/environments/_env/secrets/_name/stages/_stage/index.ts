import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { reportVersion } from '#src/http/representation'
import { bodyProblems, CredentialHeader, Query, Ref, Reply, SecretParams, withAwsProblems } from '#src/http/schemas'
import { closed } from '#src/schema/types'
import { VersionId, VersionStage, WrittenSecret } from '#src/secrets/schemas'
import { moveStage } from '#src/secrets/stages'

const StageParams = Type.Object({ ...SecretParams.properties, stage: VersionStage })

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'PUT',
    url: '',
    config: { action: 'UpdateSecretVersionStage' },
    schema: {
      operationId: 'moveStage',
      tags: ['versions'],
      summary: 'Move a staging label to a version',
      description: 'If another version has the label, `removeFromVersionId` must name it. AWS itself moves AWSPREVIOUS when ' +
        'AWSCURRENT is moved.',
      params: StageParams,
      querystring: Query({}),
      headers: CredentialHeader,
      body: Type.Object({ moveToVersionId: VersionId, removeFromVersionId: Type.Optional(VersionId) }, closed),
      response: {
        200: Reply('The label is on the version', Ref(WrittenSecret)),
        ...withAwsProblems(
          ...bodyProblems, 'secret-not-found', 'version-not-found', 'version-has-no-value', 'secret-pending-deletion', 'aws-limit-exceeded'
        )
      }
    },
    handler: async (request) =>
      reportVersion(request, await moveStage(request.scope, request.secretName, request.params.stage, request.body))
  })

  fastify.route({
    method: 'DELETE',
    url: '',
    config: { action: 'UpdateSecretVersionStage' },
    schema: {
      operationId: 'removeStage',
      tags: ['versions'],
      summary: 'Remove a staging label from a version',
      description: 'AWSCURRENT can only be moved. A version without a label is deprecated, and AWS deletes it eventually.',
      params: StageParams,
      querystring: Query({ versionId: VersionId }),
      headers: CredentialHeader,
      response: {
        200: Reply('The label was removed from the version', Ref(WrittenSecret)),
        ...withAwsProblems(...bodyProblems, 'secret-not-found', 'version-not-found', 'secret-pending-deletion')
      }
    },
    handler: async (request) => {
      request.reportOutcome({ versionId: request.query.versionId })
      return moveStage(request.scope, request.secretName, request.params.stage, { removeFromVersionId: request.query.versionId })
    }
  })
}

export default routes
