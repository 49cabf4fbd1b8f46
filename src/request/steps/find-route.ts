import type { Step } from '#src/request/step'
import { Problem } from '#src/problems/problem'

/** Returns the methods of a path's routes, or undefined for a path without routes. */
export type MethodsOf = (path: string) => readonly string[] | undefined

/** Refuses a request that matches no route, before its body is read. */
export const findRoute = (methodsOf: MethodsOf): Step => (request, reply): undefined => {
  if (!request.is404) return
  const [path = ''] = request.url.split('?')
  const methods = methodsOf(path)
  if (methods === undefined) throw new Problem('not-found')
  reply.header('allow', methods.join(', '))
  throw new Problem('method-not-allowed')
}
