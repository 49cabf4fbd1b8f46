import type { Step } from '#src/request/step'
import type { AwaitCallersTurn } from '#src/scheduling/caller-turns'

/** Waits for the caller's turn. It comes at once, unless many requests have something to do at the same time. */
export const awaitTurn = (turnOf: AwaitCallersTurn): Step => ({ caller }) => turnOf(caller.id)?.then(() => undefined)
