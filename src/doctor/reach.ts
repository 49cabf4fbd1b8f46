import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import { connect as startTls } from 'node:tls'
import { errorCode } from '#src/problems/problem'
import type { Clocks } from './findings.ts'

/** The steps of a request, in order. */
export type Step = 'name' | 'connection' | 'tls' | 'reply'

/** An HTTP reply, whatever its status. */
export interface Reached {
  /** The milliseconds from the name's look-up to the reply. */
  readonly milliseconds: number
  /** The milliseconds by which this machine's clock is ahead of the server's. Absent if the reply has no date. */
  readonly ahead?: number
}

/** A server that could not be reached. */
export interface Unreached {
  readonly failed: Step
  /** Node's error code, or the time without a reply. */
  readonly reason: string
}

/** The header `Date` has whole seconds, so on average, the server's clock is half a second ahead of it. */
const halfSecond = 500

/**
 * Sends a request without a signature to a server, to determine which step fails, and the server's time.
 *
 * @param origin the beginning of the server's URL
 * @param limit the time limit in milliseconds
 */
export async function reach (origin: string, limit: number, { now, monotonic }: Clocks): Promise<Reached | Unreached> {
  const { protocol, hostname, host, port } = new URL(origin)
  const isTls = protocol === 'https:'
  const address = hostname.replace(/[[\]]/g, '')
  const signal = AbortSignal.timeout(limit)
  let step: Step = isIP(address) === 0 ? 'name' : 'connection'
  const start = monotonic()
  const socket = connect({ host: address, port: port === '' ? isTls ? 443 : 80 : Number(port) })
  socket.once('lookup', (error: Error | null) => { if (error === null) step = 'connection' })
  try {
    await once(socket, 'connect', { signal })
    step = 'tls'
    const stream = isTls ? await secured(socket, address, signal) : socket
    step = 'reply'
    const sent = monotonic()
    const date = await dateFrom(stream, host, signal)
    const arrived = monotonic()
    const ahead = now() - (arrived - sent) / 2 - date - halfSecond
    return { milliseconds: Math.round(arrived - start), ...!Number.isNaN(ahead) && { ahead } }
  } catch (error) {
    return { failed: step, reason: signal.aborted ? `nothing within ${limit / 1_000} seconds` : errorCode(error) }
  } finally {
    socket.destroy()
  }
}

async function secured (socket: Socket, host: string, signal: AbortSignal): Promise<Socket> {
  const stream = startTls({ socket, host, ...isIP(host) === 0 && { servername: host } }).on('error', ignore)
  await once(stream, 'secureConnect', { signal })
  return stream
}

/** Sends a request, and returns the date in the reply, or NaN if it has none. */
async function dateFrom (stream: Socket, host: string, signal: AbortSignal): Promise<number> {
  const sent = request({ createConnection: () => stream, path: '/', headers: { host } }).on('error', ignore).end()
  const [{ headers }] = await once(sent, 'response', { signal }) as [IncomingMessage]
  return Date.parse(headers.date ?? '')
}

/** Ignores the errors after the first one, which come from closing the connection. */
const ignore = (): void => undefined
