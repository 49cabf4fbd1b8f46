import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { EnvironmentName } from '#src/environments/schemas'
import { ProblemSchema, problemBody } from '#src/http/problem-reply'
import { bodyProblems, Query, Ref, Reply, withProblems } from '#src/http/schemas'
import { AwsString, closed } from '#src/schema/types'
import { invalidate } from '#src/secrets/invalidate'
import { maximumItems, Name } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'InvalidateCache' },
    schema: {
      operationId: 'invalidateCache',
      tags: ['cache'],
      summary: 'Drop the cached values of secrets',
      description: 'The next read of each secret asks AWS. This is for a hook that knows that a secret has been changed without ' +
        'the gateway, for example after a rotation. The caller needs `DescribeEnvironment`, and `InvalidateCache` on the ' +
        'environment and on each secret. A denied secret fails without affecting the others. The reply does not depend on ' +
        'whether a value was cached, or whether the secret exists. If the replicas of the gateway share their state, all of ' +
        'them drop their values. Otherwise only the process that replies does.',
      querystring: Query({}),
      body: Type.Object({
        environment: EnvironmentName,
        secretIds: Type.Array(AwsString('SecretIdType'), {
          minItems: 1,
          maxItems: maximumItems,
          uniqueItems: true,
          description: 'The secrets\' names in the environment, or their ARNs',
          examples: [['payments/db']]
        })
      }, closed),
      response: {
        200: Reply('The result for each secret', Type.Object({
          items: Type.Array(Type.Object({ name: Name, problem: Type.Optional(Ref(ProblemSchema)) }))
        })),
        ...withProblems(...bodyProblems, 'forbidden', 'not-found')
      }
    },
    handler: async (request) => {
      const { environment, secretIds } = request.body
      const outcomes = await invalidate(request.scopeIn(environment, 'InvalidateCache'), secretIds, fastify.invalidateCache)
      await request.reportSecrets(outcomes)
      return {
        items: outcomes.map(({ name, problem }) =>
          ({ name, ...problem !== undefined && { problem: problemBody(problem, request.id) } }))
      }
    }
  })
}

export default routes
