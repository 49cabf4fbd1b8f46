import type { Step } from '#src/request/step'
import { Problem } from '#src/problems/problem'

/** Returns the methods of a path's routes, or undefined for a path without routes. */
export type MethodsOf = (path: string) => readonly string[] | undefined

/** Finds the route that the request matches. If there is none, refuses the request before its body is read. */
export const findRoute = (methodsOf: MethodsOf): Step => (request, reply) => {
  if (!request.is404) {
    const { url, config, schema } = request.routeOptions
    return { route: { url, config, operationId: schema?.operationId } }
  }
  const [path = ''] = request.url.split('?')
  const methods = methodsOf(path)
  if (methods === undefined) throw new Problem('not-found')
  reply.header('allow', methods.join(', '))
  throw new Problem('method-not-allowed')
}
