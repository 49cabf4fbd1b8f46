import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Test } from 'tap'
import type { Gateway } from './helper.ts'

/** A reply that does not come from the backend. */
export interface FakeReply {
  status: number
  headers?: Record<string, string>
  body?: string
}

/**
 * The fault of a call to AWS:
 * - `lost`: AWS carries out the call, and the connection breaks off before the reply.
 * - `half`: AWS carries out the call, and the connection breaks off in the middle of the reply.
 * - `reset`: The connection breaks off before AWS gets the call.
 * - a `FakeReply`: The gateway gets this reply, and AWS does not get the call.
 */
export type Fault = 'lost' | 'half' | 'reset' | FakeReply

/** Returns a reply with which AWS refuses a call. */
export const refusal = (exception: string, message: string): FakeReply =>
  ({ status: 400, headers: { 'content-type': 'application/x-amz-json-1.1' }, body: JSON.stringify({ __type: exception, message }) })

/**
 * Puts a proxy between the gateway and its backend.
 *
 * @returns a function that plans the faults of an operation: the first fault for its next call, the second for the call after
 * that, and so on
 */
export async function proxyWithFaults (t: Test, gateway: Gateway): Promise<(operation: string, ...faults: Fault[]) => void> {
  const planned = new Map<string, Fault[]>()
  const { config } = gateway.fastify
  const backend = new URL(config.current.aws.endpoint ?? '')
  const server = createServer((request, response) => {
    // If the backend itself resets the connection, the gateway's connection breaks off, too.
    buffer(request).then(async (body) => answer(request, body, response)).catch(() => { request.socket.resetAndDestroy() })
  })

  async function answer (request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '')
    const fault = planned.get(operation)?.shift()
    if (fault === 'reset') {
      request.socket.resetAndDestroy()
      return
    }
    if (typeof fault === 'object') {
      response.writeHead(fault.status, fault.headers).end(fault.body)
      return
    }
    const reply = await forwarded(request, body)
    const bytes = await buffer(reply)
    // An empty reply can't break off in the middle, so `half` then has the same effect as `lost`.
    if (fault === 'lost' || (fault === 'half' && bytes.length === 0)) {
      request.socket.resetAndDestroy()
      return
    }
    const { 'transfer-encoding': _chunked, ...headers } = reply.headers
    response.writeHead(reply.statusCode ?? 500, { ...headers, 'content-length': bytes.length })
    if (fault === 'half') response.write(bytes.subarray(0, bytes.length / 2), () => { request.socket.destroy() })
    else response.end(bytes)
  }

  const forwarded = async ({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> => new Promise((resolve, reject) => {
    httpRequest({ host: backend.hostname, port: backend.port, method, path: url, headers }, resolve).on('error', reject).end(body)
  })

  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const { aws, ...rest } = config.current
  config.replace({ ...rest, aws: { ...aws, endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } })
  return (operation, ...faults) => { planned.set(operation, faults) }
}
