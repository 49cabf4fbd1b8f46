import { Agent, request as send, type ClientRequest } from 'node:http'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { headersOf, longSecrets, longValue, pathOf, secrets, type CallerId } from './setting.ts'

/** A greedy client, which sends more than its share of requests. */
export interface Greed {
  readonly title: string
  /** Sends the requests. Ends early if `signal` is aborted. */
  readonly run: (url: string, signal: AbortSignal) => Promise<void>
}

interface Options {
  readonly caller?: CallerId
  readonly method?: string
  readonly body?: Buffer
  /** The time in milliseconds after which the client disconnects. */
  readonly hangUpAfter?: number
  /** True if the client does not read the reply. */
  readonly isUnread?: boolean
}

const agent = new Agent({ keepAlive: true, maxFreeSockets: 64 })

/**
 * Sends a request from a separate address and discards the reply. Resolves when the exchange has ended, even if it has failed.
 */
async function ask (
  url: string, signal: AbortSignal, { caller, method = 'GET', body, hangUpAfter, isUnread = false }: Options
): Promise<void> {
  const headers = caller === undefined ? { 'content-type': 'application/json' } : headersOf(caller)
  const signals = hangUpAfter === undefined ? [signal] : [signal, AbortSignal.timeout(hangUpAfter)]
  const options = { agent, method, headers, localAddress: '127.0.0.2', signal: AbortSignal.any(signals) }
  await new Promise<void>((resolve) => {
    const request: ClientRequest = send(url, options, (reply) => {
      reply.on('error', () => undefined).on('close', resolve)
      if (!isUnread) reply.resume()
    })
    request.on('error', () => { resolve() }).end(body)
  })
}

const times = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

/** Calls `start` at a constant rate. Each call only starts an exchange, and the next call does not wait for its end. */
async function atRate (perSecond: number, signal: AbortSignal, start: (index: number) => void): Promise<void> {
  const began = performance.now()
  for (let index = 0; !signal.aborted; index++) {
    start(index)
    await delay(Math.max(0, began + (index + 1) * 1_000 / perSecond - performance.now()))
  }
}

/** Keeps `count` exchanges in progress by starting a new one when one ends, but starts at most 90 per second. */
async function keepUp (count: number, signal: AbortSignal, exchange: () => Promise<void>): Promise<void> {
  await Promise.all(times(count).map(async () => {
    while (!signal.aborted) await Promise.all([exchange(), delay(count * 1_000 / 90)])
  }))
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))
const names = (prefix: string): Buffer => json({ names: times(10_000).map((index) => `${prefix}/${index}`) })
const environment = (url: string): string => `${url}/environments/dev`
const wrongItems = (): Buffer => json({ secrets: times(10_000).map((index) => ({ name: `wrong/${index}`, value: 1, filler: ''.padEnd(80, '.') })) })
const newSecrets = (prefix: string): Buffer => json({
  secrets: times(10_000).map((index) => ({ name: `${prefix}/${index}`, value: `value ${index}`.padEnd(80, '.') }))
})

/** The greedy clients, by name. */
export const greedy: Readonly<Record<string, Greed>> = {
  versions: {
    title: '99 lists of versions per second',
    run: async (url, signal) => atRate(99, signal, () => {
      void ask(`${url}${pathOf(secrets.other)}/versions`, signal, { caller: 'versions' })
    })
  },
  values: {
    title: '150 × 10,000 values, gone after 3 s',
    async run (url, signal) {
      const body = names('missing')
      await Promise.all(times(150).map(async () =>
        ask(`${environment(url)}/values`, signal, { caller: 'values', method: 'POST', body, hangUpAfter: 3_000 })))
    }
  },
  bulk: {
    title: 'a bulk create of 10,000 per second, gone',
    run: async (url, signal) => atRate(1, signal, (index) => {
      const body = newSecrets(`bulk-${process.pid}-${index}`)
      void ask(`${environment(url)}/secrets`, signal, { caller: 'bulk', method: 'POST', body, hangUpAfter: 700 })
    })
  },
  big: {
    title: '48 × a bulk create of 15 MB',
    async run (url, signal) {
      const body = json({ secrets: times(250).map((index) => ({ name: `big/${index}`, value: longValue })), onConflict: 'update' })
      await keepUp(48, signal, async () => ask(`${environment(url)}/secrets`, signal, { caller: 'big', method: 'POST', body }))
    }
  },
  unreadValues: {
    title: '40 clients that do not read 80 values',
    async run (url, signal) {
      const body = json({ names: longSecrets })
      await keepUp(40, signal, async () =>
        ask(`${environment(url)}/values`, signal, { caller: 'unreadValues', method: 'POST', body, isUnread: true }))
    }
  },
  stalled: {
    title: '50 reads that stall at AWS, gone',
    async run (url, signal) {
      await Promise.all(times(50).map(async () => ask(url + pathOf(secrets.stalled, 'direct'), signal, { caller: 'stalled', hangUpAfter: 1_000 })))
    }
  },
  bodies: {
    title: '30 × 1.36 MB without rights',
    async run (url, signal) {
      const body = wrongItems()
      await keepUp(30, signal, async () => ask(`${environment(url)}/secrets`, signal, { caller: 'stranger', method: 'POST', body }))
    }
  },
  login: {
    title: '180 × 437 KB to the login',
    async run (url, signal) {
      const body = json({ headers: { Authorization: ''.padEnd(437_000, '.') } })
      await Promise.all(times(180).map(async () => ask(`${url}/auth/aws/login`, signal, { method: 'POST', body })))
    }
  },
  forbidden: {
    title: '40 × 10,000 forbidden names',
    async run (url, signal) {
      const body = names('forbidden')
      await keepUp(40, signal, async () => ask(`${environment(url)}/values`, signal, { caller: 'forbidden', method: 'POST', body }))
    }
  },
  unread: {
    title: '200 clients that do not read',
    async run (url, signal) {
      const { hostname, port } = new URL(url)
      const lines = [`GET ${pathOf(secrets.long)} HTTP/1.1`, `host: ${hostname}:${port}`, `authorization: ${headersOf('unread').authorization}`, '', '']
      const sockets = times(200).map(() => connect({ host: hostname, port: Number(port), localAddress: '127.0.0.3', noDelay: true })
        .on('error', () => undefined).pause())
      for (const socket of sockets) socket.write(lines.join('\r\n').repeat(5))
      await waitFor(signal)
      for (const socket of sockets) socket.destroy()
    }
  },
  slow: {
    title: '1,000 reads while AWS takes 5 s',
    async run (url, signal) {
      await Promise.all(times(1_000).map(async () => ask(url + pathOf(secrets.slow, 'direct'), signal, { caller: 'slow' })))
    }
  }
}

export async function waitFor (signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }) })
}
