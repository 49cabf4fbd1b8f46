import fp from 'fastify-plugin'
import { denied } from '#src/authorization/decision'
import type { Environment } from '#src/environments/environment'
import { parseSecretName, type SecretName } from '#src/environments/names'
import { invalidRequest, Problem } from '#src/problems/problem'

declare module 'fastify' {
  interface FastifyRequest {
    /** The environment that the path names. */
    environment?: Environment
    /** The secret's name that the path has, checked for this environment; on every route whose path has one. */
    secretName: SecretName
  }
}

/** Where: the environment and the name in the path, made canonical once. */
export default fp(async (fastify) => {
  fastify.decorateRequest('environment')
  fastify.decorateRequest('secretName')

  fastify.addHook('preHandler', async (request) => {
    const { env, name } = request.params as { env?: string, name?: string }
    if (env === undefined) return
    const environment = fastify.config.current.environments.get(env)
    request.decision = environment === undefined ? denied : request.sees(environment)
    // Before anything else is said of it: an environment that the caller may not see does not exist.
    if (environment === undefined || !request.decision.allowed) throw new Problem('not-found')
    request.environment = environment
    if (name === undefined) return
    const parsed = parseSecretName(environment, name)
    if (!('name' in parsed)) throw invalidRequest({ in: 'path', pointer: '/name', message: parsed.mistake })
    request.secretName = parsed.name
  })
}, { name: 'environments', dependencies: ['config', 'errors', 'authorization'] })
