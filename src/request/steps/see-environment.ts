import { denied } from '#src/authorization/decision'
import type { Environment } from '#src/environments/environment'
import type { Step } from '#src/request/step'

/** Returns the environment that has this name in the current configuration. */
export type FindEnvironment = (name: string) => Environment | undefined

/** Decides whether the caller may see the environment in the path. The decision is a denial if the environment does not exist. */
export const seeEnvironment = (find: FindEnvironment): Step => (request) => {
  const environment = find((request.params as { env: string }).env)
  return { visibility: environment === undefined ? denied : request.sees(environment) }
}
