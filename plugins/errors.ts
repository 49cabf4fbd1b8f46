import fp from 'fastify-plugin'
import { Problem, withoutMessage } from '../src/errors.ts'
import { problemFromFramework } from '../src/http/framework-errors.ts'
import { ProblemSchema, sendProblem } from '../src/http/problem.ts'

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

  // Before the body is read of a request that leads nowhere.
  fastify.addHook('onRequest', async (request) => {
    if (request.is404) throw new Problem('not-found')
  })
  /* c8 ignore next -- the hook above is sooner, and runs only where there is such a handler */
  fastify.setNotFoundHandler(async () => { throw new Problem('not-found') })

  fastify.decorateRequest('problem')
}, { name: 'errors', dependencies: ['reply-headers'] })

declare module 'fastify' {
  interface FastifyRequest {
    /** What the reply says went wrong. */
    problem?: Problem
  }
}
