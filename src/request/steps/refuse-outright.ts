import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Refuses every request to a route that exists only to refuse requests in the format of another service. */
export const refuseOutright: Step = ({ route: { config: { refuses } } }): undefined => {
  if (refuses !== undefined) throw new Problem(refuses)
}
