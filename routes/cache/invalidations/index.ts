import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
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
      summary: 'Forget the kept values of secrets',
      description: 'The next read of each secret asks AWS. It is for whoever knows that a secret has been changed elsewhere, such as a hook ' +
        'of a rotation. The caller has to be allowed `InvalidateCache` of the environment, and of each secret: one that is denied ' +
        'fails alone. The reply is the same whether or not a value was kept, and whether or not the secret exists. It holds for the process ' +
        'that replies: other replicas of the gateway keep their values.',
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
        200: Reply('What became of each', Type.Object({
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
