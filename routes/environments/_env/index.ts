import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { visibleParts } from '#src/authorization/visibility'
import { describeEnvironment, EnvironmentDescription } from '#src/environments/schemas'
import { EnvironmentParams, Query, Ref, Reply, withProblems } from '#src/http/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'DescribeEnvironment' },
    schema: {
      operationId: 'describeEnvironment',
      tags: ['environments'],
      summary: 'Describe an environment',
      description: 'Returns its region, prefix and defaults and, as far as the caller may see them, its credentials and ' +
        'required secrets.',
      params: EnvironmentParams,
      querystring: Query({}),
      response: {
        200: Reply('The environment', Ref(EnvironmentDescription)),
        ...withProblems('not-found', 'uri-too-long')
      }
    },
    handler: async ({ caller, environment }) => describeEnvironment(visibleParts(fastify.authorize, caller, environment))
  })
}

export default routes
