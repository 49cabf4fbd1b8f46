import { once } from 'node:events'
import { Agent, createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import type { Ending } from '#test/teardown'

/**
 * The milliseconds between two readiness probes of a replica. After a single failed probe, the replica gets no further requests.
 */
const interval = 100

/** The milliseconds after which a replica that does not answer counts as not ready. */
const timeout = 1_000

/** A load balancer that routes by readiness. It repeats no request, so its clients see every error. */
export interface Balancer {
  readonly url: string
  /** Returns true if the replica gets requests. */
  readonly isReady: (replica: string) => boolean
  /** Closes the idle connections to replicas. */
  readonly closeIdle: () => void
}

interface Target {
  readonly url: string
  readonly agent: Agent
  ready: boolean
}

/** Starts a balancer that sends requests to the replicas with these URLs in turn. */
export async function startBalancer (t: Ending, urls: readonly string[]): Promise<Balancer> {
  const targets = urls.map((url): Target => ({ url, agent: new Agent({ keepAlive: true }), ready: false }))
  let turn = 0

  async function probe (target: Target): Promise<void> {
    target.ready = await fetch(`${target.url}/health/ready`, { signal: AbortSignal.timeout(timeout), headers: { connection: 'close' } })
      .then(async (reply) => {
        await reply.body?.cancel()
        return reply.ok
      }, () => false)
  }

  function forward (request: IncomingMessage, response: ServerResponse): void {
    const ready = targets.filter((target) => target.ready)
    const target = ready[turn++ % ready.length]
    if (target === undefined) {
      response.writeHead(503, { 'x-balancer': 'no replica is ready' }).end()
      return
    }
    const { method = 'GET', url = '/', headers } = request
    const failed = (error: unknown): void => { response.writeHead(502, { 'x-balancer': String(error) }).end() }
    const options = { method, headers: { ...headers, connection: 'keep-alive' }, agent: target.agent }
    const upstream = httpRequest(target.url + url, options, (reply) => {
      const { connection: _own, 'keep-alive': _also, ...rest } = reply.headers
      // A reply that breaks off becomes a 502, because the client could not distinguish it from a failure of the balancer.
      buffer(reply).then((body) => { response.writeHead(reply.statusCode ?? 502, rest).end(body) }, failed)
    })
    upstream.once('error', failed)
    request.pipe(upstream)
  }

  // Idle connections stay open, because a client could send a request at the moment when one is closed.
  const server = createServer({ keepAliveTimeout: 0 }, forward).listen(0, '127.0.0.1')
  await once(server, 'listening')
  await Promise.all(targets.map(probe))
  const timers = targets.map((target) => {
    let isAsking = false
    return setInterval(() => {
      if (isAsking) return
      isAsking = true
      void probe(target).finally(() => { isAsking = false })
    }, interval)
  })
  t.teardown(() => {
    for (const timer of timers) clearInterval(timer)
    for (const { agent } of targets) agent.destroy()
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    isReady: (replica) => targets.some(({ url, ready }) => url === replica && ready),
    closeIdle () {
      const idle = targets.flatMap(({ agent }) => Object.values(agent.freeSockets).flat())
      for (const socket of idle) socket?.destroy()
    }
  }
}
