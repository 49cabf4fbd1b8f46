import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problemBody } from '#src/http/problem-reply'
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
      description: 'Copies the current value, text or binary, with the description and the tags that are not an environment\'s own, also ' +
        'between AWS accounts, and shows it to nobody. The KMS key is this environment\'s. Each secret has its own result, and one that ' +
        'fails does not hold up the others: a placeholder and what is scheduled for deletion, in either environment, fail. The caller has ' +
        'to be allowed `PromoteSecret` of the secret in both environments, and nothing else: neither to read the value nor to write ' +
        'another. Whoever may also write in the other environment can thus bring any value into this one.',
      params: EnvironmentParams,
      querystring: Query({}),
      headers: WriteHeaders,
      body: PromotionBody,
      response: {
        200: Reply('What became of each, or the plan', Ref(PromotionReply)),
        ...withAwsProblems(...bodyProblems, 'idempotency-mismatch')
      }
    },
    handler: async (request) => {
      const source = request.scopeIn(request.body.from, 'PromoteSecret')
      const { stopping, jobs, idempotencyKeys } = fastify
      if (stopping.aborted) throw new Problem('overloaded')
      if (!request.body.dryRun) await idempotencyKeys.check(request.scope, request.body)
      const leave = jobs.enter(request.scope.callerId)
      const promoted = await promote(source, request.scope, request.body, stopSignal(request.scope, stopping)).finally(leave)
      await request.reportSecrets(promotedSecrets(source, request.body, promoted.outcomes))
      return promotionReply(request.body, promoted, (problem) => problemBody(problem, request.id))
    }
  })
}

export default routes
