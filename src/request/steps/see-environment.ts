import { denied } from '#src/authorization/decision'
import type { Environment } from '#src/environments/environment'
import { namedIn } from '#src/request/named'
import type { Step } from '#src/request/step'

/** Returns the environment that has this name in the current configuration. */
export type FindEnvironment = (name: string) => Environment | undefined

/**
 * Decides whether the caller may see the environment that the request names. If the environment does not exist, the decision is a
 * denial.
 */
export const seeEnvironment = (find: FindEnvironment): Step => (request) => {
  const environment = find(namedIn(request).env)
  return { visibility: environment === undefined ? denied : request.sees(environment) }
}
