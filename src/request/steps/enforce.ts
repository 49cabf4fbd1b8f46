import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * Enforces the decision. The answer is the same whether a credential does not exist, the environment does not allow it, or the
 * caller may not use it.
 */
export const enforce: Step = ({ found: { decision } }): undefined => {
  if (decision?.allowed !== true) throw new Problem('forbidden')
}
