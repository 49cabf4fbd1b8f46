import type { FastifyRequest } from 'fastify'
import type { ReplyStep, Step } from '#src/request/step'
import type { CallerTurns } from '#src/scheduling/caller-turns'

/** Waits for the caller's next turn if the request has waited for something else since its first turn, and that turn is over. */
export const awaitNextTurn = (turns: CallerTurns): Step => (request) => nextTurn(turns, request)?.then(() => undefined)

/** Does the same before a reply is sent. A request without a caller does not wait. */
export const awaitTurnToReply = (turns: CallerTurns): ReplyStep => (request, _reply, payload) =>
  nextTurn(turns, request)?.then(() => payload) ?? payload

/** Returns undefined if the request may go on, or a promise that resolves when it may. */
function nextTurn (turns: CallerTurns, { found: { caller, turn } }: FastifyRequest): Promise<void> | undefined {
  return caller === undefined || turn === turns.iteration ? undefined : turns.wait(caller.id)
}
