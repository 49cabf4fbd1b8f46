import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { allowedActions } from '#src/authorization/check'
import { EnvironmentName } from '#src/environments/schemas'
import { Query, Reply, withProblems } from '#src/http/schemas'
import { Name } from '#src/secrets/schemas'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'Own' },
    schema: {
      operationId: 'listAllowedActions',
      tags: ['authorization'],
      summary: 'List what the caller may do',
      description: 'Returns the actions that the gateway would allow the sender of the request in an environment or, with `name`, on ' +
        'a secret there, with the environment\'s default credential. The secret need not exist, and AWS is not called.',
      querystring: Query({ environment: EnvironmentName, name: Type.Optional(Name) }),
      response: {
        200: Reply('The actions', Type.Object({
          actions: Type.Array(Type.String(), { description: 'AWS\'s operations, and actions of the gateway\'s own', examples: [['DescribeSecret', 'GetSecretValue']] })
        })),
        ...withProblems('not-found')
      }
    },
    handler: async (request) => {
      const { caller, query } = request
      return { actions: await allowedActions(fastify.authorize, fastify.config.current.environments, caller, query) }
    }
  })
}

export default routes
