import { createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { FakeReply } from './faults.ts'
import type { Ending } from './teardown.ts'

/** The replies that a stub itself sends. */
export interface StubReplies {
  /** The replies to operations of Secrets Manager and STS. */
  operations?: Readonly<Record<string, FakeReply>>
  /** The milliseconds by which the dates of replies to unsigned requests are ahead, or null if these replies have no date. */
  ahead?: number | null
}

/** An error in STS's format. */
export const stsRefusal = (code: string, message: string): FakeReply => ({
  status: 403,
  headers: { 'content-type': 'text/xml' },
  body: `<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`
})

/** Starts a proxy that sends some replies itself, and forwards all other requests to a backend. Returns its URL. */
export async function startStub (t: Ending, backend: string, { operations = {}, ahead = 0 }: StubReplies): Promise<string> {
  const { hostname, port } = new URL(backend)
  const forwarded = async ({ method, url, headers }: IncomingMessage, body: Buffer): Promise<IncomingMessage> => new Promise((resolve, reject) => {
    httpRequest({ host: hostname, port, method, path: url, headers }, resolve).on('error', reject).end(body)
  })
  const server = createServer((request, response) => {
    const answer = async (): Promise<void> => {
      const body = await buffer(request)
      if (request.headers.authorization === undefined && request.method === 'GET') {
        response.sendDate = false
        response.writeHead(404, ahead === null ? {} : { date: new Date(Date.now() + ahead).toUTCString() }).end()
        return
      }
      const [, operation = String(request.headers['x-amz-target']).replace(/^.*\./, '')] = /^Action=(\w+)/.exec(body.toString()) ?? []
      const own = operations[operation]
      if (own !== undefined) {
        response.writeHead(own.status, own.headers).end(own.body)
        return
      }
      const reply = await forwarded(request, body)
      response.writeHead(reply.statusCode ?? 500, reply.headers).end(await buffer(reply))
    }
    answer().catch(() => { request.socket.destroy() })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
