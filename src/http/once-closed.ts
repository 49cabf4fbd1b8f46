import type { ServerResponse } from 'node:http'

/** Calls a function when a reply has been sent or its connection closed, or at once if that has already happened. */
export function onceClosed (reply: ServerResponse, callback: () => void): void {
  if (reply.destroyed) callback()
  else reply.once('close', callback)
}
