import type { Step } from '#src/request/step'
import type { CallerTurns } from '#src/scheduling/caller-turns'

/** Waits for the caller's next turn, unless the turn in which the request began is still in progress. */
export const awaitNextTurn = (turns: CallerTurns): Step => ({ caller, found: { turn } }) =>
  turn === turns.iteration ? undefined : turns.wait(caller.id)?.then(() => undefined)
