import { unknownEnvironment } from '#src/authorization/unknown-environment'
import type { Environment } from '#src/environments/environment'
import { namedIn } from '#src/request/named'
import type { Step } from '#src/request/step'
import type { FindEnvironment } from './see-environment.ts'

/**
 * Finds the environment that the request names. Replies with 404 if the caller isn't allowed to see it.
 *
 * @param all returns the environments of the current configuration
 */
export const enterEnvironment = (find: FindEnvironment, all: () => Iterable<Environment>): Step => (request) => {
  const { env } = namedIn(request)
  const environment = find(env)
  if (environment === undefined || request.found.visibility?.allowed !== true) {
    throw unknownEnvironment(env, all(), (one) => request.sees(one).allowed)
  }
  return { environment }
}
