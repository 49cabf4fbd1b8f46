import type { ReplyStep } from '#src/request/step'
import type { AwaitCallersTurn } from '#src/scheduling/caller-turns'

/** Waits for the caller's turn to send a reply. A request without a caller does not wait. */
export const awaitTurnToReply = (turnOf: AwaitCallersTurn): ReplyStep => ({ found: { caller } }, _reply, payload) => {
  const turn = caller && turnOf(caller.id)
  return turn === undefined ? payload : turn.then(() => payload)
}
