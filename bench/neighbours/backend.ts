import { createServer, Agent, request as send, type IncomingMessage, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { startLocalBackend } from '#src/local-backend/server'
import { account, secrets } from './setting.ts'

/** The time in milliseconds that AWS takes for the slow secret. */
const slowness = 5_000

/**
 * The maximum number of calls that the proxy passes to the backend at the same time. Calls for the quiet caller's secret are
 * exempt. AWS answers calls independently of each other, but the backend is a single thread. Without this limit, the quiet
 * caller's calls would queue behind other calls in the backend, and the benchmark would measure the backend.
 */
const concurrency = 2

/**
 * Starts the embedded backend, which enforces AWS's quotas, and a proxy in front of it. The proxy delays the replies about one
 * secret, and stops in the middle of the replies about another.
 *
 * @returns the proxy's URL
 */
export async function startBackend (): Promise<string> {
  const { url } = await startLocalBackend({ accounts: [account], throttling: true })
  const agents = { quiet: new Agent({ keepAlive: true }), others: new Agent({ keepAlive: true, maxSockets: concurrency }) }
  const proxy = createServer((request, response) => {
    forward(new URL(url), agents, request, response).catch(() => { response.destroy() })
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = proxy.address()
  if (typeof address !== 'object' || address === null) throw new Error('the proxy has no port')
  return `http://127.0.0.1:${address.port}`
}

async function forward (
  url: URL, agents: Record<'quiet' | 'others', Agent>, request: IncomingMessage, response: ServerResponse
): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const { method, headers } = request
  const isRead = String(headers['x-amz-target']).endsWith('.GetSecretValue')
  if (isRead && body.includes(secrets.slow)) await delay(slowness)
  const agent = body.includes(secrets.quiet) ? agents.quiet : agents.others
  const upstream = send({ host: url.hostname, port: url.port, agent, method, headers }).end(body)
  const [reply] = await once(upstream, 'response') as [IncomingMessage]
  response.writeHead(reply.statusCode ?? 502, reply.headers)
  if (isRead && body.includes(secrets.stalled)) {
    response.write('{')
    reply.resume()
    return
  }
  reply.pipe(response)
}
