import fp from 'fastify-plugin'
import { problemFromFramework } from '#src/http/framework-errors'
import { sendProblem } from '#src/http/problem-reply'
import { Problem } from '#src/problems/problem'
import type { MethodsOf } from '#src/request/steps/find-route'

/** Replies to every error with a problem document (RFC 9457). */
export default fp(async (fastify) => {
  fastify.decorateRequest('thrown')
  fastify.setErrorHandler((thrown, request, reply) => {
    const problem = problemFromFramework(thrown)
    if (problem.status >= 500 && thrown !== problem && thrown instanceof Error) request.thrown = thrown
    return sendProblem(problem, request, reply)
  })

  const methods = new Map<string, Set<string>>()
  fastify.addHook('onRoute', ({ url, method }) => {
    methods.set(url, new Set([...methods.get(url) ?? [], ...[method].flat()]))
  })
  fastify.decorate('methodsOf', (path) => {
    const found = Array.from(methods).find(([pattern]) => matches(pattern, path))
    return found && [...found[1]]
  })

  /* c8 ignore next -- a safeguard that is never called, because the step findRoute refuses requests without a route earlier. */
  fastify.setNotFoundHandler(async () => { throw new Problem('not-found') })
}, { name: 'errors' })

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns the HTTP methods of the routes that match a path, or undefined if no route matches. */
    methodsOf: MethodsOf
  }
}

/** Returns true if a path matches a route's pattern. Precise enough for the `Allow` header of an error, but not for routing. */
function matches (pattern: string, path: string): boolean {
  const [wanted, found] = [pattern.split('/'), path.split('/')]
  return wanted.length === found.length && wanted.every((part, index) => part.startsWith(':') || part === found[index])
}
