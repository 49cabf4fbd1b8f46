import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { visibleParts } from '#src/authorization/visibility'
import { describeEnvironment, EnvironmentDescription } from '#src/environments/schemas'
import { Query, Ref, Reply, withProblems } from '#src/http/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'DescribeEnvironment' },
    schema: {
      operationId: 'listEnvironments',
      tags: ['environments'],
      summary: 'List environments',
      description: 'Returns the environments that the caller may see, each as `GET /environments/{env}` returns it.',
      querystring: Query({}),
      response: {
        200: Reply('The environments', Type.Object({ items: Type.Array(Ref(EnvironmentDescription)) })),
        ...withProblems()
      }
    },
    handler: async (request) => {
      const { caller } = request
      const environments = Array.from(fastify.config.current.environments.values())
      const visible = environments.filter((environment) => request.sees(environment).allowed)
      return { items: visible.map((environment) => describeEnvironment(visibleParts(fastify.authorize, caller, environment))) }
    }
  })
}

export default routes
