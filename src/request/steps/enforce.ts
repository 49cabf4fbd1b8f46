import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * Refuses the request unless the decision allows it. The reply is the same whether the credential does not exist, is not allowed
 * in the environment, or is not permitted to the caller.
 */
export const enforce: Step = ({ found: { decision } }): undefined => {
  if (decision?.allowed !== true) throw new Problem('forbidden')
}
