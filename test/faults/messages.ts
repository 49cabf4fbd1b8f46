import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A request as the AWS SDK sends it. */
export interface Request {
  method: string
  path: string
  headers: Record<string, string>
  body: Buffer
}

/** Reads one request with a `Content-Length`, as the AWS SDK sends it. */
export async function readRequest (socket: Socket): Promise<Request> {
  let all = Buffer.alloc(0)
  return new Promise((resolve, reject) => {
    socket.once('close', () => { reject(new Error('The connection was closed')) })
    socket.on('data', (chunk: Buffer) => {
      all = Buffer.concat([all, chunk])
      const end = all.indexOf('\r\n\r\n')
      if (end < 0) return
      const [line = '', ...lines] = all.toString('latin1', 0, end).split('\r\n')
      const [method = '', path = ''] = line.split(' ')
      const headers = Object.fromEntries(lines.map((text) => [text.replace(/:.*/, '').toLowerCase(), text.replace(/^[^:]*: */, '')]))
      const body = all.subarray(end + 4)
      if (body.length >= Number(headers['content-length'] ?? 0)) resolve({ method, path, headers, body })
    })
  })
}

/** Sends a request to the backend. */
export async function forward (
  backend: string, { method, path, headers, body }: Request
): Promise<{ status: number, headers: IncomingHttpHeaders, body: Buffer }> {
  const { hostname: host, port } = new URL(backend)
  return new Promise((resolve, reject) => {
    httpRequest({ host, port, method, path, headers }, (reply) => {
      buffer(reply).then((bytes) => { resolve({ status: reply.statusCode ?? 500, headers: reply.headers, body: bytes }) }, reject)
    }).on('error', reject).end(body)
  })
}

/** Returns the bytes of an HTTP reply, and the length of its head. */
export function replyOf (status: number, headers: IncomingHttpHeaders, body: Buffer): { head: number, whole: Buffer } {
  const own = /^(?:connection|keep-alive|transfer-encoding|content-length)$/
  const lines = Object.entries(headers).filter(([name]) => !own.test(name)).map(([name, value]) => `${name}: ${String(value)}`)
  const head = [`HTTP/1.1 ${status} Reply`, ...lines, `content-length: ${body.length}`, 'connection: close', '', ''].join('\r\n')
  return { head: head.length, whole: Buffer.concat([Buffer.from(head), body]) }
}
