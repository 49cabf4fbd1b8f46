import type { ReplyStep } from '#src/request/step'

/** Closes the connection after this reply if the gateway is shutting down, so that the client connects to another gateway. */
export const closeWhenStopping = ({ stopping }: { stopping: Pick<AbortSignal, 'aborted'> }): ReplyStep => (_, reply, payload) => {
  if (stopping.aborted) reply.header('connection', 'close')
  return payload
}
