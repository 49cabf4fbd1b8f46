import type { Socket } from 'node:net'

/** The limits on further data from the client after the last reply: bytes, and milliseconds. */
const limits = { bytes: 1024 * 1024, time: 2_000 }

/**
 * Makes Node.js close a connection in two steps after its last reply. First Node.js only stops sending, and discards further data
 * from the client. It closes the connection when the client has closed its side, or when a limit is reached. If the connection
 * were closed at once, a client that is still sending would get an error instead of the reply.
 */
export function lingerBeforeClose (socket: Socket, { bytes, time } = limits): void {
  // Node.js calls this method after the last reply on a connection.
  socket.destroySoon = () => {
    let discarded = 0
    // Removes the listener of Node.js's HTTP parser, so that further data is not parsed as another request.
    socket.removeAllListeners('data')
    socket.on('data', ({ length }) => {
      discarded += length
      if (discarded > bytes) socket.destroy()
    })
    const timer = setTimeout(() => { socket.destroy() }, time)
    socket.once('end', () => { socket.destroy() })
    socket.once('close', () => { clearTimeout(timer) })
    socket.end()
    socket.resume()
  }
}
