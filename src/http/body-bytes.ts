import type { IncomingMessage } from 'node:http'
import { monotonic } from '#src/clock'
import { Problem } from '#src/problems/problem'
import { beginTurn, createTurns, forEachInTurns } from '#src/scheduling/turns'

/** Bodies of at most this many bytes are received without waiting for a turn. */
const shortBody = 64 * 1024

/**
 * The turns of the bodies that are being received. There is no pause between them, and they don't wait for long computations,
 * because a client has only a limited time to send its request.
 */
const beginReceiving = createTurns({ monotonic, schedule: setImmediate }, 0)

/**
 * Receives the body of a request. In each iteration of the event loop, only one piece of a long body is received. Otherwise
 * Node.js would read up to 2 MB from each connection, one connection after another, before anything else could run.
 *
 * @param limit the maximum length in bytes
 * @throws Problem `payload-too-large`, or `malformed-request` if the connection has been closed
 */
export async function receiveBody (request: IncomingMessage, limit: number): Promise<Buffer> {
  const turn = beginReceiving()
  const chunks: Buffer[] = []
  let length = 0
  try {
    // The connection is still needed for the reply.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > limit) throw new Problem('payload-too-large')
      chunks.push(chunk)
      if (length > shortBody) await turn.next()
    }
  } catch (error) {
    throw error instanceof Problem ? error : new Problem('malformed-request')
  }
  return length > shortBody ? joinInTurns(chunks, length) : Buffer.concat(chunks, length)
}

async function joinInTurns (chunks: readonly Buffer[], length: number): Promise<Buffer> {
  const body = Buffer.allocUnsafeSlow(length)
  let position = 0
  const turn = beginTurn()
  await turn.next()
  await forEachInTurns(chunks, (chunk) => {
    body.set(chunk, position)
    position += chunk.length
  }, turn)
  return body
}
