import type { ReplyStep } from '#src/request/step'
import type { CallerTurns } from '#src/scheduling/caller-turns'

/**
 * Waits for the caller's next turn to send a reply, unless the turn in which the request began is still in progress. A request
 * without a caller does not wait.
 */
export const awaitTurnToReply = (turns: CallerTurns): ReplyStep => ({ found: { caller, turn } }, _reply, payload) =>
  caller === undefined || turn === turns.iteration ? payload : turns.wait(caller.id)?.then(() => payload) ?? payload
