import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/** Refuses every request to a route that only exists to reply with an error in another service's format. */
export const refuseOutright: Step = ({ route: { config: { refuses } } }): undefined => {
  if (refuses !== undefined) throw new Problem(refuses)
}
