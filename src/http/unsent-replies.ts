import type { Socket } from 'node:net'
import type { Monotonic } from '#src/clock'

/**
 * A connection. `writeQueueSize` is the number of bytes that the operating system has not taken yet. With TLS, only that of the
 * connection below, `_parent`, follows how much has been sent. Node.js does not document these properties.
 */
type SendingSocket = Socket & { _handle?: { writeQueueSize?: number } | null, _parent?: SendingSocket | null }

/** How far a connection has come with sending. */
interface Position {
  /** The bytes in all parts of replies that were sent completely. */
  readonly sent: number
  /** The bytes that are left of the part that is being sent. */
  readonly left: number
  /** The time at which this position was first seen, in milliseconds. */
  readonly since: number
}

/** The limits for clients that don't read their replies. */
export interface ReadingLimits {
  /** The time in which a client must read something, in milliseconds. */
  readonly replyTimeout: number
  /** The maximum number of bytes that wait on all connections together. */
  readonly unsentBytes: number
}

const leftOf = (socket: SendingSocket): number => (socket._parent ?? socket)._handle?.writeQueueSize ?? 0

/**
 * Creates a function that finds the connections whose clients don't read their replies. Call it regularly: it compares the state
 * of each connection with the state that it saw before.
 *
 * @param monotonic measures spans of time
 * @returns a function that returns the connections to close: those on which a reply waits and made no progress for
 *   `replyTimeout`; and if more than `unsentBytes` wait together, as many as necessary of those without progress since the last
 *   call, beginning with the ones that have waited longest
 */
export function slowReaders (monotonic: Monotonic): (sockets: Iterable<Socket>, limits: ReadingLimits) => Socket[] {
  let positions = new Map<Socket, Position>()
  return (sockets, { replyTimeout, unsentBytes }) => {
    const [time, before] = [monotonic(), positions]
    positions = new Map()
    let unsent = 0
    for (const socket of sockets) {
      const left = leftOf(socket)
      if (left === 0) continue
      unsent += socket.writableLength
      const sent = socket.bytesWritten - socket.writableLength
      const last = before.get(socket)
      positions.set(socket, last?.sent === sent && last.left === left ? last : { sent, left, since: time })
    }
    const stalled = Array.from(positions)
      .filter(([, { since }]) => since < time)
      .sort(([, one], [, other]) => one.since - other.since)
    return stalled.filter(([socket, { since }]) => {
      if (time - since < replyTimeout && unsent <= unsentBytes) return false
      unsent -= socket.writableLength
      return true
    }).map(([socket]) => socket)
  }
}
