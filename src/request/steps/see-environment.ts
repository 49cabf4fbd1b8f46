import { denied } from '#src/authorization/decision'
import type { Environment } from '#src/environments/environment'
import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Returns a declared environment. */
export type FindEnvironment = (name: string) => Environment | undefined

const environmentIn = (params: unknown): string => (params as { env: string }).env

/** Asks the policies for the caller's view of the environment in the path. */
export const seeEnvironment = (find: FindEnvironment): Step => (request) => {
  const environment = find(environmentIn(request.params))
  return { visibility: environment === undefined ? denied : request.sees(environment) }
}

/** Finds the environment, and hides one that the caller may not see behind the answer for one that does not exist. */
export const enterEnvironment = (find: FindEnvironment): Step => ({ found, params }) => {
  const environment = find(environmentIn(params))
  if (environment === undefined || found.visibility?.allowed !== true) throw new Problem('not-found')
  return { environment }
}
