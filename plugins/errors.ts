import fp from 'fastify-plugin'
import { problemFromFramework } from '#src/http/framework-errors'
import { ProblemSchema, sendProblem } from '#src/http/problem'
import { Problem, withoutMessage } from '#src/problems/problem'

/** Everything that fails is answered as a problem. Our own faults are logged without their messages, which could hold a value. */
export default fp(async (fastify) => {
  fastify.addSchema(ProblemSchema)

  fastify.setErrorHandler((thrown, request, reply) => {
    const problem = problemFromFramework(thrown)
    const { awsError, awsRequestId } = problem.options
    request.problem = problem
    if (problem.status >= 500) {
      request.log.error({
        problem: problem.code,
        awsError,
        awsRequestId,
        ...(thrown !== problem && thrown instanceof Error && { thrown: withoutMessage(thrown) })
      }, 'request failed')
    }
    return sendProblem(reply, problem, request.id)
  })

  const methods = new Map<string, Set<string>>()
  fastify.addHook('onRoute', ({ url, method }) => {
    methods.set(url, new Set([...methods.get(url) ?? [], ...[method].flat()]))
  })

  // Before the body is read of a request that leads nowhere.
  fastify.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return
    const [path = ''] = request.url.split('?')
    const allowed = Array.from(methods).find(([pattern]) => matches(pattern, path))?.[1]
    if (allowed === undefined) throw new Problem('not-found')
    reply.header('allow', [...allowed].join(', '))
    throw new Problem('method-not-allowed')
  })
  /* c8 ignore next -- the hook above is sooner, and runs only where there is such a handler */
  fastify.setNotFoundHandler(async () => { throw new Problem('not-found') })

  fastify.decorateRequest('problem')
  // Where a hook fails, those behind it are not called: what is refused is to be logged as well.
}, { name: 'errors', dependencies: ['reply-headers', 'request-log'] })

declare module 'fastify' {
  interface FastifyRequest {
    /** What the reply says went wrong. */
    problem?: Problem
  }
}

/** Whether a path is of a route's form; for a hint in an error, not for a decision. */
function matches (pattern: string, path: string): boolean {
  const [wanted, found] = [pattern.split('/'), path.split('/')]
  return wanted.length === found.length && wanted.every((part, index) => part.startsWith(':') || part === found[index])
}
