import { once } from 'node:events'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

/** An HTTP request as it is written to the socket. It may be malformed in ways that an HTTP client would correct. */
export interface RawRequest {
  method?: string
  path?: string
  /** The headers to send after `Host` and `Connection`, in the given order. A name may be repeated. */
  headers?: readonly (readonly [string, string])[]
  body?: string
}

export interface RawReply {
  status: number
  head: string
  text: string
  /** The code of the problem, or the type of AWS's error. */
  code: string | undefined
}

export interface TlsClient {
  ca: string
  cert?: string
  key?: string
}

export async function connect (url: string, tls?: TlsClient): Promise<Socket> {
  const { hostname: host, port } = new URL(url)
  const socket = tls === undefined ? connectPlain(Number(port), host) : connectTls({ host, port: Number(port), servername: 'localhost', ...tls })
  await once(socket, tls === undefined ? 'connect' : 'secureConnect')
  return socket
}

export function write (socket: Socket, { method = 'GET', path = '/', headers = [], body }: RawRequest, connection = 'close'): void {
  const hasLength = body === undefined || headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name))
  const length = hasLength ? [] : [['Content-Length', String(Buffer.byteLength(body))] as const]
  const all = [['Host', 'gateway.test'] as const, ['Connection', connection] as const, ...headers, ...length]
  socket.write([`${method} ${path} HTTP/1.1`, ...all.map(([name, value]) => `${name}: ${value}`), '', body ?? ''].join('\r\n'))
}

/** Reads the reply to a request with the given method. Returns undefined if the connection ends without a reply. */
export async function readReply (socket: Socket, method = 'GET'): Promise<RawReply | undefined> {
  let all = ''
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    all += String(chunk)
    const end = all.indexOf('\r\n\r\n')
    const length = method === 'HEAD' ? 0 : Number(/^content-length: (\d+)$/mi.exec(all)?.[1] ?? 0)
    const rest = Buffer.from(all.slice(end + 4))
    if (end < 0 || rest.length < length) continue
    const [head, text] = [all.slice(0, end), rest.toString('utf8', 0, length)]
    const { code, __type: type } = text.startsWith('{') ? JSON.parse(text) as { code?: string, __type?: string } : {}
    return { status: Number(head.split(' ')[1]), head, text, code: code ?? type }
  }
  return undefined
}

/**
 * How long, in milliseconds, a test waits for something that should happen at once. If it does not happen, the test fails instead
 * of hanging. The time does not measure speed: it is long enough for the slowest machine.
 */
export const hangTimeout = 60_000

/**
 * Sends a request on a new connection. Returns undefined if the gateway closes the connection without a reply, for example
 * during the TLS handshake.
 *
 * @throws Error if the gateway neither replies nor closes the connection
 */
export async function sendRaw (url: string, request: RawRequest, tls?: TlsClient, wait = hangTimeout): Promise<RawReply | undefined> {
  const timedOut = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    timedOut.reject(new Error(`${request.method ?? 'GET'} ${request.path ?? '/'} was neither answered nor closed in ${wait / 1_000} seconds`))
  }, wait)
  try {
    return await Promise.race([exchange(url, request, tls, timedOut.promise), timedOut.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Sends a request and reads the reply. Closes the connection afterwards, or earlier if `end` is rejected. */
async function exchange (url: string, request: RawRequest, tls: TlsClient | undefined, end: Promise<never>): Promise<RawReply | undefined> {
  let socket: Socket | undefined
  end.catch(() => socket?.destroy())
  try {
    socket = await connect(url, tls)
    write(socket, request)
    return await readReply(socket, request.method)
  } catch (error) {
    if (error instanceof Error && 'code' in error) return undefined
    throw error
  } finally {
    socket?.destroy()
  }
}
