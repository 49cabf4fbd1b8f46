import type { Socket } from 'node:net'
import type { Monotonic } from '#src/clock'
import { getOrCreate } from '#src/collections/get-or-create'
import type { Pieces } from './long-reply.ts'

/**
 * A connection. `writeQueueSize` is the number of bytes that the operating system has not taken yet. A TLS connection does not
 * keep its own `writeQueueSize` up to date, but the TCP connection below it, `_parent`, does. Node.js does not document these
 * properties.
 */
type SendingSocket = Socket & { _handle?: { writeQueueSize?: number } | null, _parent?: SendingSocket | null }

/** The progress of a connection in sending its replies. Each reply is sent in parts. */
interface Position {
  /** The number of bytes in the parts that have been sent completely. */
  readonly sent: number
  /** The number of bytes of the current part that have not been sent yet. */
  readonly left: number
  /** The time at which this position was first seen, in milliseconds. */
  readonly since: number
}

/** The limits for clients that don't read their replies. */
export interface ReadingLimits {
  /** The time within which a client must continue to read its reply, in milliseconds. */
  readonly replyTimeout: number
  /** The maximum number of bytes that wait on all connections together. */
  readonly unsentBytes: number
}

const leftOf = (socket: SendingSocket): number => (socket._parent ?? socket)._handle?.writeQueueSize ?? 0

/** The long replies on each connection. Their pieces wait outside the connection, which takes one at a time. */
const longReplies = new WeakMap<Socket, Set<Pieces>>()

/** Counts a long reply as unsent until the connection has taken all its pieces. */
export function countUnsent (socket: Socket, pieces: Pieces): void {
  const replies = getOrCreate(longReplies, socket, () => new Set())
  replies.add(pieces)
  pieces.once('close', () => replies.delete(pieces))
}

/** Returns the number of bytes of replies that wait in the process for a connection. */
const unsentOn = (socket: Socket): number =>
  Array.from(longReplies.get(socket) ?? []).reduce((sum, { bytesLeft }) => sum + bytesLeft, socket.writableLength)

/**
 * Creates a function that finds the connections whose clients don't read their replies. Call the function regularly, because it
 * compares each connection's state with its previous state.
 *
 * @param monotonic measures spans of time
 * @returns a function that returns the connections to close. These are the connections whose reply has made no progress for
 *   `replyTimeout`. If more than `unsentBytes` wait on all connections together, connections without progress since the last call
 *   are added, beginning with those that have waited longest, until the rest is within the limit.
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
      unsent += unsentOn(socket)
      const sent = socket.bytesWritten - socket.writableLength
      const last = before.get(socket)
      positions.set(socket, last?.sent === sent && last.left === left ? last : { sent, left, since: time })
    }
    const stalled = Array.from(positions)
      .filter(([, { since }]) => since < time)
      .sort(([, one], [, other]) => one.since - other.since)
    return stalled.filter(([socket, { since }]) => {
      if (time - since < replyTimeout && unsent <= unsentBytes) return false
      unsent -= unsentOn(socket)
      return true
    }).map(([socket]) => socket)
  }
}
