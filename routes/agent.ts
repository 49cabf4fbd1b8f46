import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { agentProblem, secretProblem } from '#src/agent/problem-format'
import { agentReply, AgentSecret, AgentReplies } from '#src/agent/reply'
import { readPath, readQuery, type ReadSecretRequest } from '#src/agent/secret-request'
import { isNamedBy } from '#src/aws/secret-ids'
import { defaultPathPrefix } from '#src/config/agent'
import { ConfigError } from '#src/config/issues'
import { cachingOf } from '#src/http/caching'
import { reportVersion } from '#src/http/representation'
import { Query, Reply } from '#src/http/schemas'
import { Problem } from '#src/problems/problem'

/** The routes of AWS's Secrets Manager Agent. Its clients can call them with another address and another token. */
const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { config, supportedMethods } = fastify
  const { pathPrefix = defaultPathPrefix } = config.current.agent ?? {}
  config.derive(({ agent }) => {
    if (agent === undefined || agent.pathPrefix === pathPrefix) return
    const expected = `${pathPrefix}, the same as at the start: a change requires a restart`
    throw new ConfigError([{ key: 'agent.pathPrefix', found: agent.pathPrefix, expected }])
  })
  const declared = {
    isOn: () => config.current.agent !== undefined,
    tokenHeaders: () => config.current.agent?.tokenHeaders ?? []
  }

  fastify.route({
    method: 'GET',
    url: '/ping',
    exposeHeadRoute: false,
    config: { ...declared, action: 'Public', rateLimit: false, servedWhenOverloaded: true, problemFormat: agentProblem },
    schema: {
      operationId: 'pingAgent',
      tags: ['agent'],
      summary: 'Whether the agent\'s routes are served',
      description: 'Replies as AWS\'s Secrets Manager Agent does.',
      security: [],
      response: { 200: AgentReplies.healthy, 400: AgentReplies.forwarded, ...AgentReplies.off }
    },
    handler: async (_request, reply) => reply.type('text/plain; charset=utf-8').send('healthy')
  })

  const version = {
    versionId: Type.Optional(Type.String({ description: 'The ID of a version' })),
    versionStage: Type.Optional(Type.String({ description: 'A staging label. Without a version ID and a label, the current version', examples: ['AWSCURRENT'] })),
    refreshNow: Type.Optional(Type.String({ description: '`true` or `1`: read the value from AWS, even if it is cached', examples: ['true'] }))
  }

  interface OwnSchema { operationId: string, params?: object, querystring: object }
  function secretRoute (url: string, readSecretRequest: ReadSecretRequest, schema: OwnSchema): void {
    fastify.route({
      method: 'GET',
      url,
      exposeHeadRoute: false,
      config: { ...declared, action: 'GetSecretValue', about: 'secret', problemFormat: secretProblem, readSecretRequest },
      // `readSecretRequest` validates the request instead, because its errors must have the agent's format.
      validatorCompiler: () => () => true,
      schema: {
        tags: ['agent'],
        summary: 'Read a secret\'s value like AWS\'s agent',
        description: 'Replies as AWS\'s Secrets Manager Agent does. The token has a header of its own, and the secret is identified by its ' +
          'AWS name or its ARN. If several environments may have a secret with this name, use the ARN.',
        security: [{ agent: [] }],
        response: { 200: Reply('The version', AgentSecret), ...AgentReplies.refusals, ...AgentReplies.off },
        ...schema
      },
      handler: async (request, reply) => {
        const { scope, secretName, secretRequest: { secretId, refreshNow, ...selector } } = request
        const caching = cachingOf(request, reply, refreshNow ? 0 : undefined)
        const secret = await scope.aws.getSecretValue({ ...scope, caching }, secretName, selector)
        if (!isNamedBy(secret.arn, secretId)) throw new Problem('secret-not-found')
        return agentReply(scope.environment, reportVersion(request, secret))
      }
    })
  }
  secretRoute('/secretsmanager/get', readQuery, {
    operationId: 'readSecretByQuery',
    querystring: Query({
      secretId: Type.String({ description: 'The AWS name of the secret, or its ARN', examples: ['prod/payments/db'] }),
      ...version
    })
  })
  secretRoute(`${pathPrefix}*`, readPath(pathPrefix), {
    operationId: 'readSecretByPath',
    params: Type.Object({
      secretId: Type.String({ description: 'The AWS name of the secret, or its ARN, not percent-encoded', examples: ['prod/payments/db'] })
    }),
    querystring: Query(version)
  })

  // The agent checks the token first, then the method, and then the path.
  const paths = [['/ping', 'Public'], ['/secretsmanager/get', 'Own'], ['/secretsmanager/*', 'Own'], [`${pathPrefix}*`, 'Own']] as const
  const otherMethods = supportedMethods.filter((method) => method !== 'GET')
  for (const [url, action] of paths) refuse(otherMethods, url, action, 'method-not-allowed')
  refuse(['GET'], '/secretsmanager/*', 'Own', 'not-found')

  function refuse (method: string[], url: string, action: 'Public' | 'Own', refuses: 'method-not-allowed' | 'not-found'): void {
    fastify.route({
      method,
      url,
      exposeHeadRoute: false,
      config: { ...declared, action, refuses, problemFormat: agentProblem },
      schema: { hide: true },
      /* c8 ignore next -- the step refuseOutright refuses every request. */
      handler: async () => undefined
    })
  }
}

export default routes
