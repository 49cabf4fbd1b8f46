import { denied } from '#src/authorization/decision'
import type { Environment } from '#src/environments/environment'
import type { Step } from '#src/request/step'

/** Returns the environment with a name, in the configuration in force. */
export type FindEnvironment = (name: string) => Environment | undefined

/** Decides by the policies whether the caller may see the environment in the path. Denied if it does not exist. */
export const seeEnvironment = (find: FindEnvironment): Step => (request) => {
  const environment = find((request.params as { env: string }).env)
  return { visibility: environment === undefined ? denied : request.sees(environment) }
}
