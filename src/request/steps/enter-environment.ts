import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'
import type { FindEnvironment } from './see-environment.ts'

/** Finds the environment in the path. To a caller who may not see it, it does not exist. */
export const enterEnvironment = (find: FindEnvironment): Step => ({ found: { visibility }, params }) => {
  const environment = find((params as { env: string }).env)
  if (environment === undefined || visibility?.allowed !== true) throw new Problem('not-found')
  return { environment }
}
