import { Problem } from '#src/problems/problem'
import { namedIn } from '#src/request/named'
import type { Step } from '#src/request/step'
import type { FindEnvironment } from './see-environment.ts'

/** Finds the environment that the request names. For a caller who isn't allowed to see it, it does not exist. */
export const enterEnvironment = (find: FindEnvironment): Step => (request) => {
  const environment = find(namedIn(request).env)
  if (environment === undefined || request.found.visibility?.allowed !== true) throw new Problem('not-found')
  return { environment }
}
