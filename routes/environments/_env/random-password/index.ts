import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { CredentialHeader, EnvironmentParams, Query, Reply, withAwsProblems } from '#src/http/schemas'
import { compact } from '#src/json/compact'
import { randomPassword, RandomPasswordQuery } from '#src/secrets/random-password'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'GetRandomPassword' },
    schema: {
      operationId: 'getRandomPassword',
      tags: ['passwords'],
      summary: 'Generate a password',
      description: 'Returns a random password from AWS. It is not stored.',
      params: EnvironmentParams,
      querystring: Query(RandomPasswordQuery.properties),
      headers: CredentialHeader,
      response: {
        200: Reply('The password', Type.Object({
          randomPassword: Type.String({ examples: ['f}Lz8#q!mWv2'] })
        })),
        ...withAwsProblems()
      }
    },
    handler: async (request) => {
      const { length: passwordLength, ...exclusions } = request.query
      return { randomPassword: await randomPassword(request.scope, compact({ ...exclusions, passwordLength })) }
    }
  })
}

export default routes
