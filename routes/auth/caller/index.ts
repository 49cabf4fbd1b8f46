import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { methods } from '#src/authorization/schema'
import { Query, Reply, withProblems } from '#src/http/schemas'
import { Enum } from '#src/schema/types'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'Own' },
    schema: {
      operationId: 'describeCaller',
      tags: ['authentication'],
      summary: 'Describe the caller',
      description: 'Returns whom the gateway takes the sender of the request for. `GET /environments` has what the caller may see.',
      querystring: Query({}),
      response: {
        200: Reply('The caller', Type.Object({
          id: Type.String({ description: 'The caller\'s ID', examples: ['corp:maria'] }),
          groups: Type.Array(Type.String(), { description: 'The caller\'s groups, including those in the configuration', examples: [['developers']] }),
          method: Enum(methods, { description: 'The authentication method', examples: ['oidc'] })
        })),
        ...withProblems()
      }
    },
    handler: (request, reply) => {
      const { id, groups, method } = request.caller
      reply.send({ id, groups: [...groups], method })
    }
  })
}

export default routes
