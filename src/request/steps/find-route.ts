import type { Step } from '#src/request/step'
import { catalogue } from '#src/problems/catalogue'
import { Problem } from '#src/problems/problem'

/** Returns the methods of a path's routes, or undefined for a path without routes. */
export type MethodsOf = (path: string) => readonly string[] | undefined

/** Matches a path that continues after the name of a secret. The caller may have forgotten to escape a `/` in the name. */
const pathBelowSecret = /^\/environments\/[^/]+\/secrets\/[^/]+\/[^/]/

const slashInName = 'A `/` that belongs to the name of a secret is written `%2F`, as in `/environments/dev/secrets/payments%2Fdb`.'

/** Finds the route that the request matches. If there is none, or it is disabled, refuses the request before its body is read. */
export const findRoute = (methodsOf: MethodsOf): Step => (request, reply) => {
  const { url, config, schema } = request.routeOptions
  const isOff = config.isOn?.() === false
  if (!request.is404 && !isOff) return { route: { url, config, operationId: schema?.operationId } }
  const [path = ''] = request.url.split('?')
  const methods = isOff ? undefined : methodsOf(path)
  const code = methods === undefined ? 'not-found' : 'method-not-allowed'
  if (methods !== undefined) reply.header('allow', methods.join(', '))
  throw new Problem(code, pathBelowSecret.test(path) ? { detail: `${catalogue[code].advice} ${slashInName}` } : {})
}
