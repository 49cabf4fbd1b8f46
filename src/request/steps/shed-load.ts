import type { FindOverload } from '#src/http/overload'
import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * Refuses requests while the gateway is overloaded, before they cost anything. Otherwise the gateway could run out of memory, and
 * lose all requests in progress.
 *
 * @throws Problem `overloaded`
 */
export const shedLoad = (findOverload: FindOverload): Step => (): undefined => {
  const reason = findOverload()
  if (reason !== undefined) throw new Problem('overloaded', { reason })
}
