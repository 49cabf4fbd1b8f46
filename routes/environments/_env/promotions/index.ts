import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { sendResultsAsProblem } from '#src/http/bulk-replies'
import { problemBody, problemMediaType } from '#src/http/problem-reply'
import { bodyProblems, EnvironmentParams, Query, Ref, Reply, withAwsProblems, WriteHeaders } from '#src/http/schemas'
import { Problem } from '#src/problems/problem'
import { stopSignal } from '#src/secrets/bulk/stop'
import { promote } from '#src/secrets/promotions/promote'
import { promotedSecrets, promotionReply } from '#src/secrets/promotions/reply'
import { PromotionBody, PromotionReply } from '#src/secrets/promotions/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'PromoteSecret' },
    bodyLimit: 16 * 1024 * 1024,
    schema: {
      operationId: 'promoteSecrets',
      tags: ['environments'],
      summary: 'Copy secrets from another environment',
      description: 'Copies the current value (text or binary), the description and the tags, except for tags that an ' +
        'environment sets itself. The environments may be in different AWS accounts. The value is shown to nobody. A new ' +
        'secret gets the KMS key of this environment. Each secret has its own result, and a failed one does not affect the others. A ' +
        'placeholder is copied as a placeholder, and never replaces a value. A secret that is scheduled for deletion in either ' +
        'environment fails. The caller needs `DescribeEnvironment` and `PromoteSecret` in both environments, also on the ' +
        'secret, but neither permission to read the value nor to write another one. A caller who may also write in the other environment can therefore bring any ' +
        'value into this one.',
      params: EnvironmentParams,
      querystring: Query({}),
      headers: WriteHeaders,
      body: PromotionBody,
      response: {
        200: Reply('The result for each secret, or the plan', Ref(PromotionReply)),
        ...withAwsProblems(...bodyProblems, 'idempotency-mismatch', 'shared-state-unavailable', 'some-failed'),
        409: Type.Unsafe<string>({
          description: '`some-failed`: with `failOnError`, some secret failed or was not started. The reply has the members of ' +
            'the problem and those of a `PromotionReply`',
          content: { [problemMediaType]: { schema: { allOf: [{ $ref: 'Problem#' }, { $ref: 'PromotionReply#' }] } } }
        })
      }
    },
    handler: async (request, reply) => {
      const source = request.scopeIn(request.body.from, 'PromoteSecret')
      const { stopping, jobs, idempotencyKeys } = fastify
      if (stopping.aborted) throw new Problem('overloaded')
      if (!request.body.dryRun) await idempotencyKeys.check(request.scope, request.body)
      const leave = jobs.enter(request.scope.callerId)
      const promoted = await promote(source, request.scope, request.body, stopSignal(request.scope, stopping)).finally(leave)
      await request.reportSecrets(promotedSecrets(source, request.body, promoted.outcomes))
      const results = promotionReply(request.body, promoted, (problem) => problemBody(problem, request.id))
      const isIncomplete = results.counts.failed + results.counts.notStarted > 0
      return isIncomplete && request.body.failOnError === true ? sendResultsAsProblem(request, reply, 'some-failed', results) : results
    }
  })
}

export default routes
