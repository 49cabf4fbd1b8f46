import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * Refuses the request unless the decision allows it. The reply is the same for a credential that does not exist, that the
 * environment does not allow, or that the caller isn't permitted to use.
 */
export const enforce: Step = ({ found: { decision } }): undefined => {
  if (decision?.allowed !== true) throw new Problem('forbidden')
}
