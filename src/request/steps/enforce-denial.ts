import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * Refuses the request before its body is read, if `denyInAdvance` has denied it. The reply is the same as the reply of `enforce`.
 */
export const enforceDenial: Step = ({ found: { decision } }): undefined => {
  if (decision !== undefined) throw new Problem('forbidden')
}
