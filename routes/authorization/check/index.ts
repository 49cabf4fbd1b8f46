import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { membership } from '#src/authentication/groups'
import { actionNames } from '#src/authorization/actions'
import { checkAuthorization } from '#src/authorization/check'
import { methods } from '#src/authorization/schema'
import { EnvironmentName } from '#src/environments/schemas'
import { bodyProblems, Query, Reply, withProblems } from '#src/http/schemas'
import { closed, Enum, Id } from '#src/schema/types'
import { Name } from '#src/secrets/schemas'

const CallerId = Type.String({ minLength: 1, maxLength: 1024, description: 'The caller\'s ID', examples: ['deploy-bot'] })

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.route({
    method: 'POST',
    url: '',
    config: { action: 'CheckAuthorization' },
    schema: {
      operationId: 'checkAuthorization',
      tags: ['authorization'],
      summary: 'Ask what a caller may do',
      description: 'Returns whether the gateway would allow the caller to do this, and the IDs of the policies that determine ' +
        'the decision. All callers may ask about themselves; asking about another `caller` requires the permission ' +
        '`CheckAuthorization`. The secret need not exist, and AWS is not called.',
      querystring: Query({}),
      body: Type.Object({
        action: Enum(actionNames, { description: 'AWS\'s operation, or an action of the gateway\'s own', examples: ['GetSecretValue'] }),
        environment: Type.Optional(EnvironmentName),
        name: Type.Optional(Name),
        awsCredentialId: Type.Optional(Id({
          description: 'The AWS credential that would be used. Defaults to that of the environment',
          examples: ['local-dev']
        })),
        caller: Type.Optional(Type.Object({
          id: CallerId,
          groups: Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), {
            maxItems: 1_000,
            description: 'The groups from the caller\'s key, token or identity. The configuration may add further groups',
            examples: [['pipelines']]
          }),
          method: Enum(methods, { description: 'The authentication method', examples: ['api-key'] })
        }, { ...closed, description: 'The caller to ask about. Defaults to the sender of the request' }))
      }, { ...closed, examples: [{ action: 'GetSecretValue', environment: 'dev', name: 'payments/db' }] }),
      response: {
        200: Reply('The decision', Type.Object({
          allowed: Type.Boolean(),
          policies: Type.Array(Type.String(), {
            description: 'The IDs of the policies that permit it, or that forbid it; empty if no policy permits it',
            examples: [['developer']]
          })
        })),
        ...withProblems(...bodyProblems, 'forbidden', 'not-found')
      }
    },
    handler: async (request) => {
      const { caller: requester, body: { caller, ...question } } = request
      const { environments, authentication: { groups } } = fastify.config.current
      const about = { ...question, ...(caller !== undefined && { caller: membership(groups)(caller) }) }
      const { allowed, policies } = checkAuthorization(fastify.authorize, environments, requester, about)
      return { allowed, policies: [...policies] }
    }
  })
}

export default routes
