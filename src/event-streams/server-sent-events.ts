/** The milliseconds without an event after which a comment is sent, so that proxies do not close the connection. */
export const heartbeatInterval = 15_000

/** A comment, which clients ignore. */
export const heartbeat = ': heartbeat\n\n'

/**
 * Returns the text of a Server-Sent Event (WHATWG HTML, section 9.2).
 *
 * @param id the ID that the client sends as `Last-Event-ID` when it reconnects; defaults to the previous event's ID
 */
export const eventText = (name: string, data: unknown, id?: string | number): string =>
  `${id === undefined ? '' : `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
