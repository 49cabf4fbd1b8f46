import { Problem } from '#src/problems/problem'
import { namedIn } from '#src/request/named'
import type { Step } from '#src/request/step'
import type { FindEnvironment } from './see-environment.ts'

/** Finds the environment that the request names. Replies with 404 if the caller isn't allowed to see it. */
export const enterEnvironment = (find: FindEnvironment): Step => (request) => {
  const environment = find(namedIn(request).env)
  if (environment === undefined || request.found.visibility?.allowed !== true) throw new Problem('not-found')
  return { environment }
}
