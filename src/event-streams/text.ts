/** If no event is sent for this many milliseconds, a comment is sent, so that proxies do not close the connection. */
export const heartbeatInterval = 15_000

/** A comment, which clients ignore. */
export const heartbeat = ': heartbeat\n\n'

/**
 * Returns the text of a Server-Sent Event (WHATWG HTML, section 9.2).
 *
 * @param id the ID that a client sends as `Last-Event-ID` when it reconnects; without one, the ID of the event before stays valid
 */
export const eventText = (name: string, data: unknown, id?: string | number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
