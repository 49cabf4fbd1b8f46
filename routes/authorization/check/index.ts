import { Type, type FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
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
      description: 'Whether the gateway would let the caller do this, and the IDs of the policies that say so. Everybody may ask about ' +
        'themselves; to ask about another `caller` takes the right to CheckAuthorization. No secret is looked at: it need not exist.',
      querystring: Query({}),
      body: Type.Object({
        action: Enum(actionNames, { description: 'AWS\'s operation, or an action of the gateway\'s own', examples: ['GetSecretValue'] }),
        environment: Type.Optional(EnvironmentName),
        name: Type.Optional(Name),
        awsCredentialId: Type.Optional(Id({
          description: 'The AWS credential that would be used; the environment\'s default where absent',
          examples: ['local-dev']
        })),
        caller: Type.Optional(Type.Object({
          id: CallerId,
          groups: Type.Array(Type.String({ minLength: 1, maxLength: 1024 }), {
            maxItems: 1_000,
            description: 'The groups that the caller comes with; those that the configuration puts it into are added',
            examples: [['pipelines']]
          }),
          method: Enum(methods, { description: 'How it proves who it is', examples: ['api-key'] })
        }, { ...closed, description: 'Whom to ask about; who asks, where absent' }))
      }, { ...closed, examples: [{ action: 'GetSecretValue', environment: 'dev', name: 'payments/db' }] }),
      response: {
        200: Reply('The decision', Type.Object({
          allowed: Type.Boolean(),
          policies: Type.Array(Type.String(), {
            description: 'The IDs of the policies that permit it, or that forbid it; none where no policy permits it',
            examples: [['developer']]
          })
        })),
        ...withProblems(...bodyProblems, 'forbidden', 'not-found')
      }
    },
    handler: async (request) => {
      const { caller: asker, body: { caller, ...asked } } = request
      const { environments, authentication: { groups } } = fastify.config.current
      const about = { ...asked, ...(caller !== undefined && { caller: membership(groups)(caller) }) }
      const { allowed, policies } = checkAuthorization(fastify.authorize, environments, asker, about)
      return { allowed, policies: [...policies] }
    }
  })
}

export default routes
