import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { Agent, createServer, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect as connectTcp, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import pMap from 'p-map'
import t, { type Test } from 'tap'
import { stringify } from 'yaml'
import { hashToken } from '#src/authentication/api-keys'
import { startLocalBackend } from '#src/local-backend/server'
import { uncountedNode } from '#test/uncounted'

/**
 * The number of gateways to shut down under load, for each time that AWS takes to reply. The environment variable `TEST_DRAINS`
 * overrides it. The longest time is only tested if the variable is set.
 */
const { TEST_DRAINS: requested } = process.env
const rounds = Number(requested ?? 1)
const delays = [20, 1_500, ...requested === undefined ? [] : [9_000]]

/**
 * The time, in seconds, for which the gateway still serves new connections. In this time, the balancer has to notice that the
 * gateway is not ready. Many concurrent gateways make the machine slow, so they get the default time.
 */
const delaySeconds = requested === undefined ? 1 : 5

/** The timeout of a test, in milliseconds. It is long enough for the slowest machine. */
const timeout = 1_800_000

const server = join(import.meta.dirname, '../../src/server.ts')
const token = 'token-of-the-drain'
const headers = { authorization: `Bearer ${token}` }
const read = '/environments/dev/secrets/a'

/** Starts a backend whose replies come after `delay` milliseconds. Returns its URL. */
async function slowBackend (t: Test, delay: () => number): Promise<string> {
  const backend = await startLocalBackend({ accounts: [{ accountId: '111111111111', accessKeyId: 'AKIATEST', secretAccessKey: 'test-secret' }] })
  const { hostname: host, port } = new URL(backend.url)
  const proxy = createServer((request, response) => {
    void (async () => {
      const [body] = await Promise.all([buffer(request), wait(delay())])
      const { method, url: path, headers } = request
      const [reply] = await once(httpRequest({ host, port, method, path, headers }).end(body), 'response') as [IncomingMessage]
      response.writeHead(reply.statusCode ?? 500, reply.headers).end(await buffer(reply))
    })()
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  t.teardown(async () => {
    proxy.closeAllConnections()
    proxy.close()
    await backend.close()
  })
  return `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
}

interface Gateway {
  url: string
  child: ChildProcess
  /** Resolves to the exit code, or to null if a signal has ended the process. */
  ended: Promise<number | null>
}

interface Setting {
  /** Additional members of the sections `server` and `aws` of the configuration. */
  server?: object
  aws?: object
  /** Arguments of env(1) that start Node.js. */
  node?: readonly string[]
}

/** Starts a gateway as a separate process. */
async function start (t: Test, endpoint: string, { server: settings = {}, aws = {}, node = [process.execPath] }: Setting = {}): Promise<Gateway> {
  const folder = t.testdir({
    'gateway.yaml': stringify({
      environments: { dev: { region: 'eu-west-1', credential: 'ci' } },
      credentials: { ci: { kind: 'environment', accessKeyIdVariable: 'CI_KEY', secretAccessKeyVariable: 'CI_SECRET' } },
      authentication: { apiKeys: [{ id: 'bot', hash: hashToken(token) }] },
      authorization: { policies: 'policies' },
      limits: { requestsPerSecond: 100_000 },
      server: { overload: { loopDelayMilliseconds: 60_000 }, shutdown: { delaySeconds }, ...settings },
      aws: { endpoint, ...aws }
    }),
    policies: { 'bot.cedar': '@id("bot") permit (principal == Caller::"bot", action, resource);\n' }
  })
  const variables = { GATEWAY_CONFIG: join(folder, 'gateway.yaml'), GATEWAY_DATA_DIR: folder, PORT: '0', HOST: '127.0.0.1', LOG_LEVEL: 'info', CI_KEY: 'AKIATEST', CI_SECRET: 'test-secret' }
  const child = spawn('env', [...node, server], { env: { ...process.env, ...variables }, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const url = await new Promise<string>((resolve) => {
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-10_000)
      const [, url] = /listening on (http:\/\/[^\s"]+)/.exec(output) ?? []
      if (url !== undefined) resolve(url)
    })
  })
  return { url, child, ended }
}

interface Answer {
  status: number | undefined
  connection: string | undefined
}

/** Sends a request and reads the whole reply. @throws Error if the connection is refused or breaks off */
async function ask (url: string, path: string, options: { agent?: Agent, method?: string, body?: string } = {}): Promise<Answer> {
  const { agent = false, method = 'GET', body } = options
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const request = httpRequest(url + path, { agent, method, headers: { ...headers, ...type } }).end(body)
  const [reply] = await once(request, 'response') as [IncomingMessage]
  await buffer(reply)
  return { status: reply.statusCode, connection: reply.headers.connection }
}

/**
 * Sends requests as a load balancer does. It checks every 50 milliseconds whether the gateway is ready, and stops sending when it
 * is not. Half of the requests reuse a connection, and the others open new ones.
 */
async function balanced ({ url }: Gateway, sent: () => void): Promise<(number | string | undefined)[]> {
  const agent = new Agent({ keepAlive: true })
  const results: (number | string | undefined)[] = []
  let ready = true
  const send = async (index: number): Promise<void> => {
    while (ready) {
      sent()
      const kept = index % 2 === 0 ? { agent } : {}
      results.push(await ask(url, read, kept).then(({ status }) => status, (error: unknown) => String(error)))
    }
  }
  const poll = async (): Promise<void> => {
    while (ready) {
      await wait(50)
      ready = await ask(url, '/health/ready').then(({ status }) => status === 200, () => false)
    }
  }
  await Promise.all([poll(), ...Array.from({ length: 40 }, async (_, index) => send(index))])
  agent.destroy()
  return results
}

for (const delay of delays) {
  t.test(`with replies of AWS after ${delay} ms, no request is lost when the gateway is ended under load`, { timeout }, async (t) => {
    await pMap(Array.from({ length: rounds }).keys(), async (round) => t.test(`round ${round}`, { timeout }, async (t) => {
      let slow = 0
      const gateway = await start(t, await slowBackend(t, () => slow), { node: uncountedNode })
      t.match(await ask(gateway.url, read, { method: 'PUT', body: '{"value":"v"}' }), { status: 201 })
      slow = delay
      let count = 0
      const results = await balanced(gateway, () => {
        count += 1
        if (count === 60) gateway.child.kill('SIGTERM')
      })
      t.ok(results.length >= 60)
      t.same(results.filter((result) => result !== 200), [], 'each request that was sent has its reply')
      t.equal(await gateway.ended, 0)
    }), { concurrency: 5 })
  })
}

/** Opens a connection and sends text on it. */
async function open (t: Test, url: string, text: string): Promise<Socket> {
  const socket = connectTcp(Number(new URL(url).port), '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

const head = `Host: gateway.test\r\nAuthorization: Bearer ${token}\r\n`

t.test('until load balancers have noticed the shutdown, the gateway is not ready, but serves requests', { timeout }, async (t) => {
  const gateway = await start(t, await slowBackend(t, () => 0), { server: { shutdown: { delaySeconds: 300 } } })
  t.match(await ask(gateway.url, '/health/ready'), { status: 200 })
  gateway.child.kill('SIGTERM')
  while ((await ask(gateway.url, '/health/ready')).status === 200) await wait(10)
  t.match(await ask(gateway.url, '/health/ready'), { status: 503, connection: 'close' })
  t.match(await ask(gateway.url, '/health/live'), { status: 200, connection: 'close' })
  const agent = new Agent({ keepAlive: true })
  t.match(await ask(gateway.url, read, { agent, method: 'PUT', body: '{"value":"v"}' }), { status: 201, connection: 'close' })
  t.match(await ask(gateway.url, '/environments/%zz', { agent }), { status: 400, connection: 'close' }, 'a request that Fastify itself refuses')
  t.match(await ask(gateway.url, '/environments/dev/secrets', { agent, method: 'POST', body: '{"secretNames":["b"]}' }), { status: 503 }, 'long work is not begun')
  gateway.child.kill('SIGINT')
  t.equal(await gateway.ended, 1, 'a second signal ends the process at once')
})

t.test('clients that do not finish their requests or read their replies do not keep the process from ending', { timeout }, async (t) => {
  const connections = { headersTimeoutSeconds: 1, requestTimeoutSeconds: 1, replyTimeoutSeconds: 1 }
  const gateway = await start(t, await slowBackend(t, () => 0), { server: { connections, shutdown: { delaySeconds: 0, graceSeconds: 3_600 } } })
  await open(t, gateway.url, '')
  await open(t, gateway.url, `GET /environments HTTP/1.1\r\n${head}`)
  await open(t, gateway.url, `PUT ${read} HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"val`)
  await open(t, gateway.url, `GET /openapi.json HTTP/1.1\r\n${head}\r\n`.repeat(60))
  await ask(gateway.url, '/health/live')
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 0)
})

t.test('requests that do not end within the grace period are cut off, and the exit status shows it', { timeout }, async (t) => {
  const aws = { deadlineSeconds: 0.1, stsDeadlineSeconds: 0.1, queueSeconds: 0.1 }
  const connections = { headersTimeoutSeconds: 60, requestTimeoutSeconds: 60 }
  const gateway = await start(t, await slowBackend(t, () => 0), { server: { connections, shutdown: { delaySeconds: 0, graceSeconds: 0.5 } }, aws })
  await open(t, gateway.url, `PUT ${read} HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 13\r\n\r\n{"val`)
  await ask(gateway.url, '/health/live')
  gateway.child.kill('SIGTERM')
  t.equal(await gateway.ended, 1)
})
