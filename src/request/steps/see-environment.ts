import { denied } from '#src/authorization/decision'
import type { Environment } from '#src/environments/environment'
import type { Step } from '#src/request/step'

/** Returns the environment of that name in the configuration in force. */
export type FindEnvironment = (name: string) => Environment | undefined

/** Asks the policies whether the caller may see the environment in the path. One that does not exist is seen by nobody. */
export const seeEnvironment = (find: FindEnvironment): Step => (request) => {
  const environment = find((request.params as { env: string }).env)
  return { visibility: environment === undefined ? denied : request.sees(environment) }
}
