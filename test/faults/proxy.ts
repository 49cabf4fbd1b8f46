import dns from 'node:dns'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { createSecureContext, TLSSocket } from 'node:tls'
import { Worker } from 'node:worker_threads'
import type { Pair } from '#test/certificates'
import type { Ending } from '#test/teardown'
import type { Fault, Stage } from './fault.ts'
import { forward, readRequest, replyOf } from './messages.ts'

/** A proxy between the gateway and its backend. Each of its connections carries one attempt at a call. */
export interface FaultProxy {
  /** The endpoint for the gateway. */
  readonly url: string
  /** Returns the number of requests since the fault was planted, including those that got no connection. */
  attempts: () => number
  /** Returns the number of connections that are open. The proxy leaves a connection open until its reply is complete. */
  open: () => number
  /**
   * Plants a fault.
   *
   * @param times the number of attempts that it affects. Later attempts succeed.
   * @param spared the number of attempts that succeed before the faults begin
   */
  plant: (fault: Fault, times: number, spared?: number) => Promise<void>
  /** Ends the fault. */
  lift: () => Promise<void>
}

export interface ProxyOptions {
  backend: string
  /**
   * The behaviour of a kept connection when the next request arrives on it. By default, connections are closed after each reply.
   */
  keptConnections?: 'closed' | 'silent'
  /** The certificates of a proxy that speaks TLS, by name. `right` is used unless a fault names another certificate. */
  certificates?: Readonly<Record<string, Pair>>
}

/** A host name that can't resolve, because one of its labels has more than 63 characters. No name server is queried. */
const noName = `${'x'.repeat(64)}.test`

/** The pause between two bytes of a reply that drips, in milliseconds. */
const dripPause = 20

export async function startProxy (t: Ending, { backend, keptConnections, certificates }: ProxyOptions): Promise<FaultProxy> {
  const contexts = Object.entries(certificates ?? {}).map(([name, pair]) => [name, createSecureContext(pair)] as const)
  const secureContexts = new Map(contexts)
  const sockets = new Set<Socket>()
  let planted: { fault: Fault, spared: number, left: number } | undefined
  let deaf: Deaf | undefined
  let lifted = Promise.withResolvers<undefined>()
  let connections = 0
  let lookups = 0
  let server = newServer()

  function newServer (): Server {
    return createServer((raw) => {
      sockets.add(raw)
      raw.on('error', () => undefined).once('close', () => { sockets.delete(raw) })
      connections += 1
      accept(raw, nextFault()).catch(() => { raw.destroy() })
    })
  }

  /** Returns the fault of the next attempt, or undefined if it succeeds. */
  function nextFault (): Fault | undefined {
    if (planted === undefined || connections <= planted.spared || planted.left === 0) return undefined
    planted.left -= 1
    return planted.fault
  }

  async function accept (raw: Socket, fault: Fault | undefined): Promise<void> {
    if (fault !== undefined && 'stage' in fault && fault.stage === 'begun') {
      await once(raw, 'data')
      breakOff(raw, raw, fault)
      return
    }
    if (fault?.kind === 'plain') {
      await once(raw, 'data')
      raw.end(replyOf(400, {}, Buffer.alloc(0)).whole)
      return
    }
    if (certificates === undefined) {
      await answer(raw, raw, fault)
      return
    }
    const name = fault?.kind === 'certificate' ? fault.certificate : 'right'
    const socket = new TLSSocket(raw, { isServer: true, secureContext: secureContexts.get(name) })
    socket.on('error', () => undefined)
    await answer(raw, socket, fault)
  }

  async function answer (raw: Socket, socket: Socket, fault: Fault | undefined): Promise<void> {
    const request = await readRequest(socket)
    if (fault?.kind === 'reply') {
      socket.end(replyOf(fault.status, fault.headers ?? {}, Buffer.from(fault.body ?? '')).whole)
      return
    }
    if (fault?.kind === 'garbage') {
      socket.end('This is not HTTP.\r\n\r\n')
      return
    }
    if (fault?.kind === 'slow') await setTimeout(fault.milliseconds)
    if (fault?.kind === 'held') await lifted.promise
    const { status, headers, body } = await forward(backend, request)
    if (fault?.kind === 'body') {
      socket.end(replyOf(status, headers, Buffer.from(fault.of(body.toString()))).whole)
      return
    }
    const { head, whole } = replyOf(status, headers, body)
    if (keptConnections !== undefined) {
      socket.once('data', () => {
        socket.resume()
        if (keptConnections === 'closed') socket.end()
      }).write(whole.toString('latin1').replace('connection: close', 'connection: keep-alive'), 'latin1')
      return
    }
    if (fault === undefined || !('stage' in fault)) {
      socket.end(whole)
      return
    }
    const sent = { begun: 0, asked: 0, head: head / 2, body: (head + whole.length) / 2 }[fault.stage]
    if (fault.kind === 'drip') drip(socket, whole, sent)
    else socket.write(whole.subarray(0, sent), () => { breakOff(raw, socket, fault) })
  }

  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { lookup } = dns
  t.teardown(() => {
    Object.assign(dns, { lookup })
    for (const socket of sockets) socket.destroy()
    server.close()
    return deaf?.close()
  })

  /** Replaces the operating system's resolver, because a host name can't be made to stop resolving. */
  function lookUp (hostname: string, ...rest: unknown[]): unknown {
    const isOurs = hostname === 'localhost'
    if (isOurs) lookups += 1
    const name = isOurs && planted?.fault.kind === 'unresolved' ? noName : hostname
    return Reflect.apply(lookup, dns, [name, ...rest])
  }

  return {
    url: `${certificates === undefined ? 'http' : 'https'}://localhost:${port}`,
    attempts: () => isWithoutConnection(planted?.fault) ? lookups : connections - (planted?.spared ?? 0),
    open: () => sockets.size,
    async plant (fault, times, spared = 0) {
      planted = { fault, spared, left: times }
      lifted = Promise.withResolvers()
      connections = 0
      lookups = 0
      Object.assign(dns, { lookup: lookUp })
      if (fault.kind !== 'refused' && fault.kind !== 'dropped') return
      server.close()
      if (fault.kind === 'dropped') deaf = await listenDeaf(port)
    },
    async lift () {
      const wasClosed = !server.listening
      planted = undefined
      lifted.resolve(undefined)
      Object.assign(dns, { lookup })
      await deaf?.close()
      deaf = undefined
      if (!wasClosed) return
      server = newServer().listen(port, '127.0.0.1')
      await once(server, 'listening')
    }
  }
}

const isWithoutConnection = (fault: Fault | undefined): boolean =>
  fault !== undefined && ['refused', 'dropped', 'unresolved'].includes(fault.kind)

/** A listener that never accepts a connection. */
interface Deaf {
  close: () => Promise<void>
}

/** The number of connections that can wait at the listener. Linux accepts one more than the configured backlog. */
const backlog = 1

/**
 * Listens on a port without accepting connections. Once the backlog is full, the system drops SYN packets, as a firewall does.
 */
async function listenDeaf (port: number): Promise<Deaf> {
  const listener = new Worker(`
    const { parentPort, workerData } = require('node:worker_threads')
    require('node:net').createServer().listen(workerData, () => {
      parentPort.postMessage('listening')
      // Blocks the thread, so that it never accepts a connection.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    })
  `, { eval: true, workerData: { port, host: '127.0.0.1', backlog } })
  await once(listener, 'message')
  const waiting: Socket[] = []
  for (let count = 0; count <= backlog; count += 1) {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    waiting.push(socket)
    // Another program's connection may have filled the backlog, which has the same effect.
    await Promise.race([once(socket, 'connect').catch(() => undefined), setTimeout(500)])
  }
  return {
    async close () {
      for (const socket of waiting) socket.destroy()
      await listener.terminate()
    }
  }
}

/** Ends a connection as the fault specifies, or leaves it open. */
function breakOff (raw: Socket, socket: Socket, { kind }: { kind: 'reset' | 'closed' | 'stall' | 'drip', stage: Stage }): void {
  socket.resume()
  if (kind === 'reset') raw.resetAndDestroy()
  else if (kind === 'closed') socket.end()
}

function drip (socket: Socket, whole: Buffer, sent: number): void {
  let next = Math.floor(sent)
  socket.write(whole.subarray(0, next))
  const timer = setInterval(() => { socket.write(whole.subarray(next, ++next)) }, dripPause)
  socket.once('close', () => { clearInterval(timer) })
}
