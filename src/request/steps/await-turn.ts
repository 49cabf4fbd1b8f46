import type { Step } from '#src/request/step'
import type { CallerTurns } from '#src/scheduling/caller-turns'

/** Waits for the caller's turn. The turn comes at once unless many requests are in progress. */
export const awaitTurn = (turns: CallerTurns): Step => ({ caller }) => {
  const begin = (): { turn: number } => ({ turn: turns.iteration })
  return turns.wait(caller.id)?.then(begin) ?? begin()
}
