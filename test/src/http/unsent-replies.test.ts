import { once } from 'node:events'
import { createServer, Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import t, { type Test } from 'tap'
import { Pieces } from '#src/http/long-reply'
import { countUnsent, slowReaders } from '#src/http/unsent-replies'
import { authority, serverPair } from '#test/certificates'
import { connect, write } from '#test/raw'
import { until } from '#test/until'

/** The size of a reply in bytes. It exceeds the operating system's buffers, so a part stays unsent until the client reads. */
const size = 32 * 1024 * 1024

interface Setup {
  /** Opens a connection whose client has asked for a reply and read nothing yet. */
  open: () => Promise<{ client: Socket, socket: Socket }>
}

/** Starts a server that replies with `size` bytes, with or without TLS. */
async function setUp (t: Test, secure: boolean): Promise<Setup> {
  const issuer = await authority()
  const body = Buffer.alloc(size)
  const listener = createServer()
  const server = secure ? createTlsServer(await serverPair(issuer)) : listener
  server.on('request', (_request, reply) => { reply.end(body) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    async open () {
      const accepted = once(server, server instanceof Server ? 'connection' : 'secureConnection') as Promise<[Socket]>
      const client = await connect(url, secure ? { ca: issuer.cert } : undefined)
      t.teardown(() => { client.destroy() })
      const [socket] = await accepted
      write(client, {}, 'keep-alive')
      await until(() => socket.writableLength > size / 2)
      return { client, socket }
    }
  }
}

/** Reads at least this many bytes of a reply. */
async function read (client: Socket, bytes: number): Promise<void> {
  let left = bytes
  await until(() => {
    const chunk = client.read() as Buffer | null
    left -= chunk?.length ?? 0
    return left <= 0
  })
}

for (const secure of [false, true]) {
  t.test(`with${secure ? '' : 'out'} TLS, a client is too slow if it reads nothing for the whole time`, async (t) => {
    const { open } = await setUp(t, secure)
    const [one, other] = [await open(), await open()]
    let now = 0
    const find = slowReaders(() => now)
    const at = (time: number): string[] => {
      now = time
      const found = find([one.socket, other.socket], { replyTimeout: 30, unsentBytes: Infinity })
      return found.map((socket) => socket === one.socket ? 'one' : 'other')
    }
    t.same(at(0), [])
    t.same(at(29), [])
    await read(one.client, size / 2)
    t.same(at(30), ['other'], 'the one that reads is not')
    t.notOk(at(59).includes('one'))
    t.ok(at(60).includes('one'), 'until it stops reading')

    one.client.resume()
    await until(() => one.socket.writableLength === 0)
    t.notOk(at(1_000).includes('one'), 'nothing waits any more')
  })
}

t.test('if too much waits, the connections that have waited longest are found first', async (t) => {
  const { open } = await setUp(t, false)
  const sockets = [(await open()).socket, (await open()).socket]
  let now = 0
  const find = slowReaders(() => now)
  const at = (time: number, count: number, unsentBytes: number): number[] => {
    now = time
    return find(sockets.slice(0, count), { replyTimeout: 1_000, unsentBytes }).map((socket) => sockets.indexOf(socket))
  }
  t.same(at(0, 1, size / 2), [], 'a connection that was not seen before is left alone')
  t.same(at(1, 2, 3 * size), [])
  t.same(at(2, 2, 1.5 * size), [0], 'closing one is enough')
  t.same(at(2, 2, size / 2), [0, 1])
})

t.test('the pieces of a long reply count until the connection has taken them', async (t) => {
  const { open } = await setUp(t, false)
  const { socket } = await open()
  let now = 0
  const find = slowReaders(() => now)
  const isFound = (): boolean => {
    now += 1
    return find([socket], { replyTimeout: 1_000, unsentBytes: size + 500 }).length > 0
  }
  t.notOk(isFound(), 'a connection that was not seen before is left alone')
  t.notOk(isFound())
  const pieces = new Pieces([Buffer.alloc(600), Buffer.alloc(400)])
  countUnsent(socket, pieces)
  t.ok(isFound(), 'a thousand bytes more are too many')
  pieces.resume()
  await until(() => pieces.bytesLeft === 0)
  t.notOk(isFound())
})
