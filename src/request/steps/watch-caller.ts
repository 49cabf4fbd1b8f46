import { Problem } from '#src/problems/problem'
import type { Step } from '#src/request/step'

/**
 * Creates the signal that stops work on the request when the caller closes the connection before the whole reply has been sent.
 */
export const watchCaller: Step = (_request, { raw }) => {
  const controller = new AbortController()
  const leave = (): void => { controller.abort(new Problem('caller-gone')) }
  if (raw.destroyed) leave()
  raw.once('close', () => { if (!raw.writableFinished) leave() })
  return { signal: controller.signal }
}
