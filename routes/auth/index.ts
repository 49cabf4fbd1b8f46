import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { waysToLogIn } from '#src/authentication/ways-to-log-in'
import { Query, Reply, withProblems } from '#src/http/schemas'
import { Enum } from '#src/schema/types'

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'GET',
    url: '',
    config: { action: 'Public' },
    schema: {
      operationId: 'listWaysToLogIn',
      tags: ['authentication'],
      summary: 'List the ways to log in',
      description: 'Returns what a program needs for logging a person in: the OpenID Connect issuers with a client for that ' +
        'purpose, and how an AWS identity logs in. API keys, and tokens of other issuers, are accepted as well.',
      security: [],
      querystring: Query({}),
      response: {
        200: Reply('The ways to log in', Type.Object({
          oidc: Type.Array(Type.Object({
            name: Type.String({ description: 'The issuer\'s name in the configuration, the prefix of its callers\' IDs', examples: ['corp'] }),
            issuer: Type.String({ description: 'The issuer\'s URL', examples: ['https://idp.example.com'] }),
            clientId: Type.String({ description: 'The ID of a public client, which has no secret', examples: ['secretsctl'] }),
            scope: Type.String({ description: 'The scopes to request', examples: ['openid offline_access'] }),
            tokenType: Enum(['access_token', 'id_token'], { description: 'Which of the issuer\'s tokens the gateway accepts' }),
            parameters: Type.Record(Type.String(), Type.String(), {
              description: 'Further parameters of the request, such as the `resource` or `audience` that the token must be for',
              examples: [{ resource: 'https://secrets.example.com' }]
            })
          })),
          aws: Type.Optional(Type.Object({
            serverId: Type.String({ description: 'The value of `X-Secrets-Gateway-Server-Id`', examples: ['secrets.example.com'] }),
            regions: Type.Array(Type.String(), { description: 'The regions whose STS identifies the caller', examples: [['eu-west-1']] })
          }, { description: 'Absent if AWS identities can\'t log in' }))
        })),
        ...withProblems()
      }
    },
    handler: (_request, reply) => {
      reply.send(waysToLogIn(fastify.config.current.authentication))
    }
  })
}

export default routes
