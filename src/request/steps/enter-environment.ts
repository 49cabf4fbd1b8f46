import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'
import type { FindEnvironment } from './see-environment.ts'

/** Finds the environment in the path. A caller who isn't allowed to see it gets the same reply as if it did not exist. */
export const enterEnvironment = (find: FindEnvironment): Step => ({ found: { visibility }, params }) => {
  const environment = find((params as { env: string }).env)
  if (environment === undefined || visibility?.allowed !== true) throw new Problem('not-found')
  return { environment }
}
